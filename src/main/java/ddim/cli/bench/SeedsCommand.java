package ddim.cli.bench;

import ddim.model.Device;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatchCounters;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.SystemTime;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim bench seeds}. */
@Command(
    name = "seeds",
    description = {
      "Compares the images of rows in random batches with those of the same rows alone:",
      "the share that has the same bytes, and the largest difference of the others.",
      "With sizes that double, and with one size for every batch, which keeps to one set of"
          + " kernels."
    })
final class SeedsCommand implements Callable<Integer> {
  private static final double NANOS = 1e9;

  @Spec private CommandSpec spec;
  @Mixin private final BenchModel source = new BenchModel();

  @Option(
      names = "--compositions",
      defaultValue = "1000",
      paramLabel = "N",
      description = "How many random batches (default: ${DEFAULT-VALUE}).")
  private int compositions;

  @Option(
      names = "--max-steps",
      defaultValue = "4",
      paramLabel = "S",
      description = "Rows have from 1 to so many steps (default: ${DEFAULT-VALUE}).")
  private int maxSteps;

  @Option(
      names = "--max-batch-size",
      defaultValue = "8",
      paramLabel = "N",
      description = "The most rows of a graph call (default: ${DEFAULT-VALUE}).")
  private int maxBatchSize;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "The seed of the random choices (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  public Integer call() throws IOException {
    require(compositions >= 1, "--compositions", compositions);
    require(maxSteps >= 1, "--max-steps", maxSteps);
    require(maxBatchSize >= 1, "--max-batch-size", maxBatchSize);
    BatcherOptions doubling = BatcherOptions.of(maxBatchSize);
    BatcherOptions one = doubling.withAllowedBatchSizes(List.of(maxBatchSize));
    PrintWriter out = spec.commandLine().getOut();
    out.println(Device.describe());
    out.println(
        "| sizes | columns per call | images | equal bytes | equal pixels |"
            + " largest difference | row-steps/s | fill |");
    out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    try (SamplingModel model = source.load();
        SystemTime time = new SystemTime()) {
      for (BatcherOptions options : List.of(doubling, one, one.withColumnsPerCall(2))) {
        SeedProof proof = SeedProof.run(model, options, compositions, maxSteps, seed, time);
        out.println(line(options, proof));
        out.flush();
      }
    }
    return 0;
  }

  private static String line(BatcherOptions options, SeedProof proof) {
    boolean whole = options.columnsPerCall() == BatcherOptions.WHOLE_TRAJECTORY;
    return "| %s | %s | %d | %.2f %% | %.2f %% | %.1e | %.0f | %.2f |"
        .formatted(
            options.allowedBatchSizes(),
            whole ? "all" : options.columnsPerCall(),
            proof.rows(),
            100.0 * proof.equal() / proof.rows(),
            100.0 * proof.equalPixels() / proof.rows(),
            proof.largestDifference(),
            proof.counters().steps() / (proof.time().toNanos() / NANOS),
            proof.counters().fillSince(BatchCounters.NONE));
  }

  private void require(boolean holds, String option, int value) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '" + option + "': must be 1 or more, is " + value);
    }
  }
}
