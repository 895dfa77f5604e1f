package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.diffusion.Sampler;
import ddim.eval.ImageGrid;
import ddim.serve.SamplingClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim sequence}. */
@Command(
    name = "sequence",
    description = {
      "Draws a trajectory: one row of the noisy images x_t, below it the images x_0 that the",
      "network predicted from them. The last column is the result."
    })
public final class SequenceCommand implements Callable<Integer> {
  /** The most previews that a server takes in one request, and the result. */
  private static final int MOST_SHOWN = 21;

  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "The seed of the image (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--steps",
      defaultValue = "50",
      paramLabel = "S",
      description = "The number of network calls (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--eta",
      paramLabel = "E",
      description = "The share of fresh noise in every step (default: that of the preset).")
  private @Nullable Double eta;

  @Option(
      names = "--show",
      defaultValue = "10",
      paramLabel = "N",
      description = "How many columns, evenly spaced over the steps (default: ${DEFAULT-VALUE}).")
  private int show;

  @Option(names = "--out", required = true, paramLabel = "FILE.png", description = "The two rows.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    if (show < 1 || show > MOST_SHOWN) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--show': must be from 1 to " + MOST_SHOWN + ", is " + show);
    }
    Sampler sampler = options.sampler(steps, eta);
    try (ModelConnection connection = source.connect()) {
      SamplingClient.Query query = connection.query().withSeeds(seed, 1).with(sampler);
      TreeMap<Integer, SamplingClient.Preview> seen = new TreeMap<>();
      SamplingClient.Pictures<float[]> made =
          connection.ask(
              client ->
                  client.sample(
                      query,
                      previews(sampler.steps()),
                      new SamplingClient.Watcher() {
                        @Override
                        public void progress(long stepsTaken, long stepsInAll) {}

                        @Override
                        public void preview(int index, SamplingClient.Preview preview) {
                          seen.put(preview.x0().steps(), preview);
                        }
                      }));
      draw(seen, made);
      spec.commandLine()
          .getOut()
          .printf("%d of %d steps of seed %d: %s%n", seen.size() + 1, sampler.steps(), seed, out);
    }
    return 0;
  }

  /** After which steps, without the last: at most {@code show - 1}, evenly spaced. */
  private List<Integer> previews(int total) {
    return IntStream.range(1, show)
        .map(i -> (int) Math.rint((double) i * total / show))
        .filter(step -> step >= 1 && step < total)
        .distinct()
        .boxed()
        .toList();
  }

  private void draw(
      TreeMap<Integer, SamplingClient.Preview> seen, SamplingClient.Pictures<float[]> made)
      throws IOException {
    float[] result = made.pictures().get(0).pixels();
    List<float[]> cells = new ArrayList<>();
    seen.values().forEach(preview -> cells.add(preview.noisy()));
    cells.add(result);
    seen.values().forEach(preview -> cells.add(preview.x0().pixels()));
    cells.add(result);
    List<String> labels = new ArrayList<>();
    seen.keySet().forEach(step -> labels.add("step " + step));
    labels.add("result");
    ImageGrid.of(cells, made.height(), made.width(), made.channels())
        .withColumns(seen.size() + 1)
        .withLabels(List.of("x_t", "x_0"), labels)
        .write(out);
  }
}
