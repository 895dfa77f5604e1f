package ddim.cli.operations;

import ddim.cli.images.LocalModel;
import ddim.cli.progress.Progress;
import ddim.diffusion.Sampler;
import ddim.eval.bulk.BulkFormat;
import ddim.eval.bulk.BulkGeneration;
import ddim.eval.bulk.Shard;
import ddim.model.Condition;
import ddim.model.Device;
import ddim.model.LoadedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim generate}. */
@Command(
    name = "generate",
    description = {
      "Makes many images with a model in this process, into a folder.",
      "Image i has the seed --seed + i and, of n --labels, the one with the number i mod n. Called",
      "again it makes what is missing; several processes share the work with --shard."
    })
public final class GenerateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private final SamplerOptions options = new SamplerOptions();
  @Mixin private final LabelOptions labels = new LabelOptions();

  @Mixin private final LocalModel model = new LocalModel();

  @Option(names = "--count", required = true, paramLabel = "N", description = "How many images.")
  private long count;

  @Option(
      names = "--steps",
      defaultValue = "50",
      paramLabel = "S",
      description = "The number of network calls an image (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--eta",
      paramLabel = "E",
      description = "The share of fresh noise in every step (default: that of the preset).")
  private @Nullable Double eta;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "The seed of the first image (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--batch",
      defaultValue = "64",
      paramLabel = "N",
      description = "Images of a graph call (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--shard",
      defaultValue = "0/1",
      paramLabel = "I/N",
      description = "Make only the I-th of N parts, I from 0 (default: all).")
  private String shard;

  @Option(
      names = "--format",
      defaultValue = "png",
      paramLabel = "F",
      description =
          "png, a file an image; or npz, samples.npz with the array arr_0, uint8 [N, H, W, C],"
              + " written when all parts are there (default: ${DEFAULT-VALUE}).")
  private BulkFormat format;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Shard part = shard();
    Sampler sampler = options.sampler(steps, eta);
    Path folder = model.find().path();
    PrintWriter err = spec.commandLine().getErr();
    err.println(Device.describe());
    try (LoadedModel loaded = LoadedModel.load(folder)) {
      BulkGeneration generation = generation(loaded, sampler);
      BulkGeneration.Outcome outcome;
      AtomicLong done = new AtomicLong();
      try (Progress bar = Progress.start("generate", "images", generation.images(part), err)) {
        outcome = generation.run(out, part, images -> bar.at(done.addAndGet(images), ""));
      }
      spec.commandLine()
          .getOut()
          .printf(
              "shard %s: %,d images in %s%s%n",
              part,
              outcome.shard(),
              out,
              outcome.isComplete()
                  ? "; all %,d are there".formatted(count)
                  : "; those of other shards are missing");
    }
    return 0;
  }

  private Shard shard() {
    try {
      return Shard.parse(shard);
    } catch (IllegalArgumentException e) {
      throw wrong(e);
    }
  }

  private BulkGeneration generation(LoadedModel loaded, Sampler sampler) {
    List<Condition> turns = labels.turns(loaded.spec());
    try {
      return new BulkGeneration(loaded, sampler, count, seed, batch, format, turns);
    } catch (IllegalArgumentException e) {
      throw wrong(e);
    }
  }

  private ParameterException wrong(IllegalArgumentException e) {
    return new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
  }
}
