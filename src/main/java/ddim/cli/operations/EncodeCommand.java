package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.cli.images.PictureInput.Picture;
import ddim.eval.ImageGrid;
import ddim.model.LatentFile;
import ddim.serve.SamplingClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim encode}. */
@Command(
    name = "encode",
    description = {
      "Finds the latents of images: what decode makes the images from again, nearly.",
      "Leaves them in FILE.safetensors, and in FILE.png the images above their latents."
    })
public final class EncodeCommand implements Callable<Integer> {
  private static final String SUFFIX = ".safetensors";

  /** Latents are about standard normal: three deviations are drawn as black and white. */
  private static final float DRAWN_DEVIATIONS = 3;

  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final ImageOptions images = new ImageOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();

  @Option(
      names = "--steps",
      defaultValue = "100",
      paramLabel = "S",
      description = "The number of network calls an image (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.safetensors",
      description = "Where the latents are left.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    String name = out.getFileName().toString();
    if (!name.endsWith(SUFFIX)) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--out': must end in " + SUFFIX + ", is " + out);
    }
    try (ModelConnection connection = source.connect()) {
      SamplingClient.Model model = connection.model();
      List<Picture> pictures = images.read(model);
      List<float[]> pixels = pictures.stream().map(Picture::pixels).toList();
      SamplingClient.Query query = connection.query().with(options.sampler(steps, null));
      List<float[]> latents = connection.ask(client -> client.encode(query, pixels));

      Map<String, float[]> named = new LinkedHashMap<>();
      List<float[]> drawn = new ArrayList<>(pixels);
      for (int i = 0; i < latents.size(); i++) {
        named.put(pictures.get(i).name(), latents.get(i));
        drawn.add(scaled(latents.get(i)));
      }
      LatentFile.write(out, named, model.height(), model.width(), model.channels());
      Path picture =
          out.resolveSibling(name.substring(0, name.length() - SUFFIX.length()) + ".png");
      ImageGrid.of(drawn, model.height(), model.width(), model.channels())
          .withColumns(pixels.size())
          .withLabels(List.of("image", "latent"), List.of())
          .write(picture);
      spec.commandLine()
          .getOut()
          .printf("%d latents of %d steps: %s, drawn in %s%n", named.size(), steps, out, picture);
    }
    return 0;
  }

  private static float[] scaled(float[] latent) {
    float[] scaled = new float[latent.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = latent[i] / DRAWN_DEVIATIONS;
    }
    return scaled;
  }
}
