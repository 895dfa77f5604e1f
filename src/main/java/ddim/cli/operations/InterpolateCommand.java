package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.cli.images.PictureInput;
import ddim.eval.ImageGrid;
import ddim.serve.SamplingClient;
import ddim.serve.SamplingClient.End;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim interpolate}. */
@Command(
    name = "interpolate",
    description = {
      "Makes the images between two others, a line, or between four, a grid.",
      "The ends are seeds, or pictures that are encoded first."
    })
public final class InterpolateCommand implements Callable<Integer> {
  private static final int LINE = 2;
  private static final int GRID = 4;

  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();

  @ArgGroup(multiplicity = "1")
  private Ends ends;

  @Option(
      names = "--count",
      defaultValue = "9",
      paramLabel = "N",
      description = "How many images a line has, with its ends (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--steps",
      defaultValue = "50",
      paramLabel = "S",
      description = "The number of network calls an image (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.png",
      description = "The line, or the grid of N lines.")
  private Path out;

  private static final class Ends {
    @Option(
        names = "--seeds",
        required = true,
        split = ",",
        paramLabel = "N",
        description = "Two seeds, or four: top left, top right, bottom left, bottom right.")
    private @Nullable List<Long> seeds;

    @Option(
        names = "--images",
        required = true,
        split = ",",
        paramLabel = "FILE",
        description = "Two pictures of the model's size, or four.")
    private @Nullable List<String> images;
  }

  @Override
  public Integer call() throws IOException {
    try (ModelConnection connection = source.connect()) {
      List<End> given = ends(connection);
      if (given.size() != LINE && given.size() != GRID) {
        throw new ParameterException(
            spec.commandLine(), "two ends make a line, four a grid; there are " + given.size());
      }
      int rows = given.size() == LINE ? 1 : count;
      SamplingClient.Query query = connection.query().with(options.sampler(steps, null));
      SamplingClient.Pictures<float[]> made =
          connection.ask(client -> client.interpolate(query, given, rows, count));
      ImageGrid.of(made.pixels(), made.height(), made.width(), made.channels())
          .withColumns(count)
          .write(out);
      spec.commandLine()
          .getOut()
          .printf("%d images of %d steps: %s%n", made.pictures().size(), steps, out);
    }
    return 0;
  }

  private List<End> ends(ModelConnection connection) throws IOException {
    if (ends.seeds != null) {
      return ends.seeds.stream().map(seed -> (End) new End.Seed(seed)).toList();
    }
    SamplingClient.Model model = connection.model();
    List<String> files = ends.images == null ? List.of() : ends.images;
    return new PictureInput(model.height(), model.width(), model.channels())
        .read(files, GRID + 1).stream()
            .map(picture -> (End) new End.Picture(picture.pixels()))
            .toList();
  }
}
