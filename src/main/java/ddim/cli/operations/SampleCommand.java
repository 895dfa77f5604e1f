package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import ddim.cli.images.PictureOutput;
import ddim.cli.progress.Progress;
import ddim.diffusion.Sampler;
import ddim.eval.ImageGrid;
import ddim.serve.SamplingClient.Handling;
import ddim.serve.SamplingClient.Pictures;
import ddim.serve.SamplingClient.Query;
import ddim.serve.SamplingClient.StepRange;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim sample}. */
@Command(
    name = "sample",
    description = {
      "Makes images: with a server, or with a model in this process.",
      "Both make the same images of the same seeds.",
      "Several numbers of steps, etas, classes or guidances make one labelled grid of all of them."
    })
public final class SampleCommand implements Callable<Integer> {
  /** Images asked for at once: between two of these the progress is seen. */
  private static final int CHUNK = 32;

  private static final String AUTO = "auto";
  private static final int MOST_AUTO_STEPS = 50;
  private static final double NANOS_PER_SECOND = 1e9;

  @Spec private CommandSpec spec;
  @Mixin private final ModelOptions source = new ModelOptions();
  @Mixin private final SamplerOptions options = new SamplerOptions();
  @Mixin private final LabelOptions labels = new LabelOptions();

  @Option(
      names = "--count",
      required = true,
      paramLabel = "N",
      description = "How many images; their seeds are --seed, --seed + 1, and so on.")
  private int count;

  @Option(
      names = "--steps",
      split = ",",
      defaultValue = "50",
      paramLabel = "S|auto",
      description = {
        "The number of network calls an image (default: ${DEFAULT-VALUE}).",
        "auto: as many, from 5 to 50, as --deadline allows."
      })
  private List<String> stepsOrAuto;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description = "How long to wait for the images (default: as long as it takes).")
  private @Nullable Double deadline;

  @Option(
      names = "--priority",
      defaultValue = "0",
      paramLabel = "N",
      description = "1 is the most urgent (default: that of the server).")
  private int priority;

  @Option(
      names = "--eta",
      split = ",",
      paramLabel = "E",
      description =
          "The share of fresh noise in every step, from 0, DDIM, to 1, DDPM (default: that of the"
              + " preset; 0 for ddim).")
  private List<Double> eta = List.of();

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "The seed of the first image (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.png|DIR",
      description = "One grid in a file, or a folder for one file an image, named by its seed.")
  private Path out;

  /** One way of making the images; its steps are none where the server chooses. */
  private record Way(
      OptionalInt steps, @Nullable Double eta, Sampler sampler, LabelOptions.Choice choice) {
    String label() {
      String number = steps.isPresent() ? Integer.toString(steps.getAsInt()) : "auto";
      return choice.title() + number + " steps" + (eta == null ? "" : ", eta " + eta);
    }
  }

  @Override
  public Integer call() throws IOException {
    require(count >= 1, "--count", "must be 1 or more, is " + count);
    require(
        seed <= Long.MAX_VALUE - count, "--seed", "is too large for " + count + " images: " + seed);
    require(deadline == null || deadline > 0, "--deadline", "must be above 0, is " + deadline);
    require(priority >= 0, "--priority", "must be 1 or more, is " + priority);
    List<Way> ways = ways();
    PictureOutput output = new PictureOutput(out);
    require(
        ways.size() == 1 || output.isFile(),
        "--out",
        "several steps, etas, classes or guidances make one grid, a FILE.png, not " + out);
    long[] seeds = LongStream.range(seed, seed + count).toArray();
    try (ModelConnection model = source.connect()) {
      List<Pictures<float[]>> parts = make(model, ways, seeds);
      Pictures<float[]> first = parts.get(0);
      List<float[]> pixels = parts.stream().flatMap(part -> part.pixels().stream()).toList();
      if (ways.size() == 1) {
        List<String> names = LongStream.of(seeds).mapToObj(number -> "seed-" + number).toList();
        output.write(pixels, names, first.height(), first.width(), first.channels());
      } else {
        labelled(ImageGrid.of(pixels, first.height(), first.width(), first.channels()), ways, seeds)
            .write(out);
      }
      report(parts, ways);
    }
    return 0;
  }

  private List<Way> ways() {
    List<Way> ways = new ArrayList<>();
    labels.choices().forEach(choice -> addWays(choice, ways));
    return ways;
  }

  private void addWays(LabelOptions.Choice choice, List<Way> ways) {
    for (Double share : eta.isEmpty() ? Collections.<@Nullable Double>singletonList(null) : eta) {
      for (OptionalInt number : steps()) {
        Sampler sampler = options.sampler(number.orElse(MOST_AUTO_STEPS), share);
        ways.add(new Way(number, share, sampler, choice));
      }
    }
  }

  /** None for those that the server chooses. */
  private List<OptionalInt> steps() {
    List<OptionalInt> numbers = new ArrayList<>();
    for (String text : stepsOrAuto) {
      if (text.equals(AUTO)) {
        require(deadline != null, "--steps", "auto needs a --deadline");
        numbers.add(OptionalInt.empty());
      } else {
        require(text.matches("[0-9]{1,9}"), "--steps", "must be a number or auto, is " + text);
        numbers.add(OptionalInt.of(Integer.parseInt(text)));
      }
    }
    return numbers;
  }

  private Handling handling() {
    Handling handling =
        deadline == null
            ? Handling.USUAL
            : Handling.within(Duration.ofNanos((long) (deadline * NANOS_PER_SECOND)));
    return handling.withPriority(priority);
  }

  /** The images of every way, seed by seed. */
  private List<Pictures<float[]>> make(ModelConnection model, List<Way> ways, long[] seeds) {
    List<Pictures<float[]>> parts = new ArrayList<>();
    PrintWriter err = spec.commandLine().getErr();
    List<String> names = labels.areGiven() ? model.model().classNames() : List.of();
    long all = (long) ways.size() * seeds.length;
    try (Progress bar = Progress.start("sample", "images", all, err)) {
      long done = 0;
      for (Way way : ways) {
        // A deadline is one for all images.
        int chunk = deadline == null ? CHUNK : seeds.length;
        for (int from = 0; from < seeds.length; from += chunk) {
          int part = Math.min(chunk, seeds.length - from);
          Query query =
              model.query().withSeeds(seeds[from], part).with(way.sampler()).with(handling());
          if (way.steps().isEmpty()) {
            query = query.withAutoSteps(new StepRange(0, MOST_AUTO_STEPS));
          }
          Query asked = way.choice().asked(query, names);
          parts.add(model.ask(client -> client.sample(asked)));
          done += part;
          bar.at(done, "");
        }
      }
    }
    return parts;
  }

  /** A row a way and a column a seed; with one seed, a row an eta and a column a step count. */
  private ImageGrid labelled(ImageGrid grid, List<Way> ways, long[] seeds) {
    if (seeds.length == 1 && !eta.isEmpty() && !labels.areGiven()) {
      return grid.withColumns(stepsOrAuto.size())
          .withLabels(
              eta.stream().map(share -> "eta " + share).toList(),
              stepsOrAuto.stream().map(number -> number + " steps").toList());
    }
    return grid.withColumns(seeds.length)
        .withLabels(
            ways.stream().map(Way::label).toList(),
            LongStream.of(seeds).mapToObj(number -> "seed " + number).toList());
  }

  private void report(List<Pictures<float[]>> parts, List<Way> ways) {
    Pictures<float[]> first = parts.get(0);
    List<String> titles = new ArrayList<>();
    for (int i = 0; i < ways.size(); i++) {
      Way way = ways.get(i);
      titles.add(
          way.steps().isPresent() // else the server's choice, in the one part of this way
              ? way.label()
              : way.label() + " (" + parts.get(i).pictures().get(0).steps() + ")");
    }
    spec.commandLine()
        .getOut()
        .printf(
            "%d images of %s version %d, %s: %s%n",
            count * ways.size(), first.model(), first.version(), String.join("; ", titles), out);
  }

  private void require(boolean holds, String option, String why) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '" + option + "': " + why);
    }
  }
}
