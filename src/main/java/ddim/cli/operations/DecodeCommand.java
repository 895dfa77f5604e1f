package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.cli.images.PictureOutput;
import ddim.model.LatentFile;
import ddim.serve.SamplingClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddim decode}. */
@Command(name = "decode", description = "Makes the images of latents that encode left.")
public final class DecodeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();

  @Option(
      names = "--latents",
      required = true,
      paramLabel = "FILE.safetensors",
      description = "Float32 tensors of the model's height, width and channels.")
  private Path latents;

  @Option(
      names = "--steps",
      defaultValue = "100",
      paramLabel = "S",
      description = "The number of network calls an image (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--eta",
      paramLabel = "E",
      description = "The share of fresh noise in every step (default: that of the preset).")
  private @Nullable Double eta;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.png|DIR",
      description = "One grid in a file, or a folder for one file an image, named by its latent.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    try (ModelConnection connection = source.connect()) {
      SamplingClient.Model model = connection.model();
      Map<String, float[]> named =
          LatentFile.read(latents, model.height(), model.width(), model.channels());
      SamplingClient.Query query = connection.query().with(options.sampler(steps, eta));
      List<float[]> given = List.copyOf(named.values());
      SamplingClient.Pictures<float[]> made = connection.ask(client -> client.decode(query, given));
      new PictureOutput(out)
          .write(
              made.pixels(),
              fileNames(named.keySet()),
              made.height(),
              made.width(),
              made.channels());
      spec.commandLine().getOut().printf("%d images of %d steps: %s%n", named.size(), steps, out);
    }
    return 0;
  }

  /** The names of latents are those of their image's files; what else they hold stays out. */
  private static List<String> fileNames(Collection<String> names) {
    return names.stream()
        .map(name -> name.replaceFirst("\\.[A-Za-z]+$", "").replaceAll("[^A-Za-z0-9._-]", "_"))
        .toList();
  }
}
