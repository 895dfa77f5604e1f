package ddim.cli;

import ddim.cli.images.ImageMaker;
import ddim.cli.images.LocalImages;
import ddim.cli.images.Models;
import ddim.cli.images.PictureOutput;
import ddim.cli.images.RemoteImages;
import ddim.model.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim sample}. */
@Command(
    name = "sample",
    description = {
      "Makes images: with a server, or with a model in this process.",
      "Both make the same images of the same seeds."
    })
final class SampleCommand implements Callable<Integer> {
  /** Images asked for at once: between two of these the progress is seen. */
  private static final int CHUNK = 32;

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "NAME",
      description = "The name of the model.")
  private String model;

  @Option(
      names = "--version",
      paramLabel = "N",
      description = "The version of the model (default: the newest).")
  private @Nullable Long version;

  @Option(
      names = "--count",
      required = true,
      paramLabel = "N",
      description = "How many images; their seeds are --seed, --seed + 1, and so on.")
  private int count;

  @Option(
      names = "--steps",
      defaultValue = "50",
      paramLabel = "S",
      description = "The number of network calls an image (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--eta",
      defaultValue = "0",
      paramLabel = "E",
      description =
          "The share of fresh noise in every step, from 0, DDIM, to 1, DDPM"
              + " (default: ${DEFAULT-VALUE}).")
  private double eta;

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

  private static final class Source {
    @Option(
        names = "--target",
        required = true,
        paramLabel = "HOST:PORT",
        description = "The server to ask.")
    private @Nullable String target;

    @Option(
        names = "--models",
        required = true,
        paramLabel = "DIR",
        description = "The model repository to load from.")
    private @Nullable Path models;
  }

  @Override
  public Integer call() throws IOException {
    if (count < 1) {
      throw wrong("--count", "must be 1 or more, is " + count);
    }
    if (steps < 1) {
      throw wrong("--steps", "must be 1 or more, is " + steps);
    }
    if (!(eta >= 0 && eta <= 1)) {
      throw wrong("--eta", "must be from 0 to 1, is " + eta);
    }
    if (seed > Long.MAX_VALUE - count) {
      throw wrong("--seed", "is too large for " + count + " images: " + seed);
    }
    long[] seeds = LongStream.range(seed, seed + count).toArray();
    try (ImageMaker maker = maker()) {
      ImageMaker.Images images = make(maker, seeds);
      new PictureOutput(out)
          .write(images.pixels(), seeds, images.height(), images.width(), images.channels());
      spec.commandLine()
          .getOut()
          .printf(
              "%d images of %s version %d, %d steps, eta %s: %s%n",
              count, images.model(), images.version(), steps, eta, out);
    }
    return 0;
  }

  private ImageMaker maker() throws IOException {
    OptionalLong wanted = version == null ? OptionalLong.empty() : OptionalLong.of(version);
    if (source.target != null) {
      return RemoteImages.open(source.target, model, wanted);
    }
    Path models = Objects.requireNonNull(source.models, "picocli wants one of the two");
    ImageMaker local = LocalImages.open(models, model, wanted, Models.batching());
    spec.commandLine().getErr().println(Device.describe());
    return local;
  }

  private ImageMaker.Images make(ImageMaker maker, long[] seeds) {
    List<ImageMaker.Images> parts = new ArrayList<>();
    try (Progress bar = Progress.start("sample", "images", count, spec.commandLine().getErr())) {
      for (int from = 0; from < seeds.length; from += CHUNK) {
        int to = Math.min(seeds.length, from + CHUNK);
        parts.add(maker.make(Arrays.copyOfRange(seeds, from, to), steps, eta));
        bar.at(to, "");
      }
    }
    ImageMaker.Images first = parts.get(0);
    return new ImageMaker.Images(
        parts.stream().flatMap(part -> part.pixels().stream()).toList(),
        first.height(),
        first.width(),
        first.channels(),
        first.model(),
        first.version());
  }

  private ParameterException wrong(String option, String why) {
    return new ParameterException(
        spec.commandLine(), "Invalid value for option '" + option + "': " + why);
  }
}
