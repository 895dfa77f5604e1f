package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.cli.images.PictureInput.Picture;
import ddim.eval.ImageGrid;
import ddim.serve.SamplingClient;
import ddim.serve.SamplingClient.Reconstructions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddim reconstruct}. */
@Command(
    name = "reconstruct",
    description = {
      "Encodes images, decodes them again and says how far off they are.",
      "Several numbers of steps make a row each; the first row is the images themselves."
    })
public final class ReconstructCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final ImageOptions images = new ImageOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();

  @Option(
      names = "--steps",
      split = ",",
      defaultValue = "10,20,50,100",
      paramLabel = "S",
      description = "The number of network calls each way (default: ${DEFAULT-VALUE}).")
  private List<Integer> steps;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.png",
      description = "The images above their reconstructions.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    PrintWriter text = spec.commandLine().getOut();
    try (ModelConnection connection = source.connect()) {
      SamplingClient.Model model = connection.model();
      List<Picture> pictures = images.read(model);
      List<float[]> pixels = pictures.stream().map(Picture::pixels).toList();
      List<float[]> cells = new ArrayList<>(pixels);
      List<String> labels = new ArrayList<>(List.of("image"));
      text.println("mean squared error of a number, on the scale where pixels are from 0 to 1");
      for (int number : steps) {
        SamplingClient.Query query = connection.query().with(options.sampler(number, null));
        Reconstructions again = connection.ask(client -> client.reconstruct(query, pixels));
        again.images().pictures().forEach(picture -> cells.add(picture.pixels()));
        labels.add(number + " steps");
        text.printf("%5d steps: mean %.6f", number, mean(again.errors()));
        for (int i = 0; i < pictures.size(); i++) {
          text.printf("  %s %.6f", pictures.get(i).name(), again.errors().get(i));
        }
        text.println();
      }
      ImageGrid.of(cells, model.height(), model.width(), model.channels())
          .withColumns(pixels.size())
          .withLabels(labels, List.of())
          .write(out);
      text.println("drawn in " + out);
    }
    return 0;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }
}
