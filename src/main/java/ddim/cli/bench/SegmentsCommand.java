package ddim.cli.bench;

import ddim.cli.bench.Traffic.Asked;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.Device;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.serve.batch.BatchCounters;
import ddim.serve.batch.BatchListener;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Calibration;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim bench segments}. */
@Command(
    name = "segments",
    description = {
      "Compares whole trajectories with segments of a few steps, under one load:",
      "throughput, latency, batch fill, and how soon a cancelled row has left the device.",
      "Traffics: all of 20 steps; 5 to 100 steps; the same with one request in five given up.",
      "Beside them, batches of one number of steps each, as servers of other models make them.",
      "The first line is the ceiling: full batches of 20 steps, one after the other."
    })
final class SegmentsCommand implements Callable<Integer> {
  private static final double NANOS = 1e9;
  private static final double MILLIS = 1e6;
  private static final int SAME_STEPS = 20;
  private static final int FEWEST_STEPS = 5;
  private static final int MOST_STEPS = 100;
  private static final double CANCELLED = 0.2;
  private static final String HEAD =
      "| traffic | columns per call | row-steps/s | images/s | of the ceiling | p50 ms | p99 ms |"
          + " fill | cancels | freed p50 ms | freed p99 ms |";

  @Spec private CommandSpec spec;
  @Mixin private final BenchModel source = new BenchModel();

  @Option(
      names = "--seconds",
      defaultValue = "20",
      paramLabel = "N",
      description = "How long each line is measured (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--max-batch-size",
      paramLabel = "N",
      description = "The most rows of a graph call (default: what the sweep finds, at most 32).")
  private @Nullable Integer maxBatchSize;

  @Option(
      names = "--columns",
      split = ",",
      defaultValue = "0,10,5,2,1",
      paramLabel = "K",
      description =
          "The segments to compare; 0 for whole trajectories (default: ${DEFAULT-VALUE}).")
  private List<Integer> columns;

  @Option(names = "--out", paramLabel = "FILE", description = "Write the table to a file too.")
  private @Nullable Path out;

  private final List<String> table = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    require(seconds >= 1, "--seconds", "must be 1 or more, is " + seconds);
    require(
        columns.stream().allMatch(k -> k >= 0), "--columns", "must be 0 or more, are " + columns);
    try (SamplingModel model = source.load();
        SystemTime time = new SystemTime()) {
      BatcherOptions options =
          BatcherOptions.of(maxBatchSize == null ? 32 : maxBatchSize)
              .withSweep(maxBatchSize == null);
      Calibration calibration = Calibration.measure(model, options, time);
      print(Device.describe());
      calibration
          .stepTimes()
          .forEach(
              (size, step) ->
                  print(
                      "- a step of %d rows: %.1f ms, %.0f row-steps/s"
                          .formatted(
                              size, step.toNanos() / MILLIS, size * NANOS / step.toNanos())));
      int size = calibration.options().maxBatchSize();
      print("- max_batch_size " + size + ", " + 2 * size + " clients");
      print("");
      print(HEAD);
      print(HEAD.replaceAll("[^|]+", " --- "));
      double ceiling = ceiling(model, size, time);
      print(
          "| full batches of 20 steps | all | %.0f | %.1f | 1.00 | | | 1.00 | | | |"
              .formatted(ceiling, ceiling / SAME_STEPS));
      for (Traffic traffic : traffics(model, 2 * size)) {
        if (traffic.cancelled() == 0) {
          oneStepCount(model, traffic, size, ceiling, time);
        }
        for (int k : columns) {
          measure(model, calibration, traffic, k, ceiling, time);
        }
      }
    }
    if (out != null) {
      Files.write(out, table);
    }
    return 0;
  }

  private static List<Traffic> traffics(SamplingModel model, int clients) {
    List<StepTable> tables = new ArrayList<>();
    for (int steps = 0; steps <= MOST_STEPS; steps++) {
      tables.add(BenchModel.table(Sampler.ddim(Math.max(1, steps), 0), model));
    }
    return List.of(
        new Traffic(
            "20 steps",
            clients,
            random -> new Row(random.nextLong(), null, tables.get(SAME_STEPS)),
            0),
        new Traffic("5 to 100 steps", clients, random -> mixed(tables, random), 0),
        new Traffic(
            "the same, 1 in 5 cancelled", clients, random -> mixed(tables, random), CANCELLED));
  }

  private static Row mixed(List<StepTable> tables, Random random) {
    int steps = FEWEST_STEPS + random.nextInt(MOST_STEPS - FEWEST_STEPS + 1);
    return new Row(random.nextLong(), null, tables.get(steps));
  }

  /** Row-steps a second without a queue: nothing can be faster with batches of this size. */
  private double ceiling(SamplingModel model, int size, SystemTime time) {
    StepTable steps = BenchModel.table(Sampler.ddim(SAME_STEPS, 0), model);
    float[][] latents = model.latents(new long[size]);
    long begin = time.nanoTime();
    long end = begin + Duration.ofSeconds(seconds).toNanos();
    long rowSteps = 0;
    while (time.nanoTime() - end < 0) {
      List<Trajectory> rows = new ArrayList<>();
      for (float[] latent : latents) {
        rows.add(new Trajectory(0, latent, steps));
      }
      model.advance(rows, SAME_STEPS, size, null);
      rowSteps += (long) size * SAME_STEPS;
    }
    return rowSteps * NANOS / (time.nanoTime() - begin);
  }

  private void oneStepCount(
      SamplingModel model, Traffic traffic, int size, double ceiling, SystemTime time)
      throws InterruptedException {
    LongAdder steps = new LongAdder();
    try (OneStepCountBatches batches = new OneStepCountBatches(model, size)) {
      long begin = time.nanoTime();
      Traffic.Outcome outcome =
          traffic.run(
              row -> {
                Asked asked = batches.ask(row);
                return new Asked(
                    asked.done().thenRun(() -> steps.add(row.steps())), asked.withdraw());
              },
              Duration.ofSeconds(seconds),
              time);
      double perSecond = steps.sum() * NANOS / (time.nanoTime() - begin);
      print(
          "| %s | all, batches of one number of steps | %.0f | %.1f | %.2f | %.0f | %.0f | | | | |"
              .formatted(
                  traffic.name(),
                  perSecond,
                  outcome.images() * NANOS / outcome.time().toNanos(),
                  perSecond / ceiling,
                  millis(outcome.latency(0.5)),
                  millis(outcome.latency(0.99))));
    }
  }

  private void measure(
      SamplingModel model,
      Calibration calibration,
      Traffic traffic,
      int k,
      double ceiling,
      SystemTime time) {
    List<Duration> freed = Collections.synchronizedList(new ArrayList<>());
    BatchListener listener =
        new BatchListener() {
          @Override
          public void freed(int rows, Duration sinceEnd) {
            freed.add(sinceEnd);
          }
        };
    int most = k == 0 ? BatcherOptions.WHOLE_TRAJECTORY : k;
    Calibration segmented =
        new Calibration(calibration.options().withColumnsPerCall(most), calibration.stepTimes());
    try (Batcher batcher = Batcher.start("bench", model, segmented, time, listener)) {
      long begin = time.nanoTime();
      Traffic.Outcome outcome =
          traffic.run(Traffic.target(batcher), Duration.ofSeconds(seconds), time);
      BatchCounters counters = batcher.counters();
      double perSecond = counters.steps() * NANOS / (time.nanoTime() - begin);
      print(
          "| %s | %s | %.0f | %.1f | %.2f | %.0f | %.0f | %.2f | %d | %.0f | %.0f |"
              .formatted(
                  traffic.name(),
                  k == 0 ? "all" : k,
                  perSecond,
                  outcome.images() * NANOS / outcome.time().toNanos(),
                  perSecond / ceiling,
                  millis(outcome.latency(0.5)),
                  millis(outcome.latency(0.99)),
                  counters.fillSince(BatchCounters.NONE),
                  outcome.cancels(),
                  millis(Quantiles.of(freed, 0.5)),
                  millis(Quantiles.of(freed, 0.99))));
    }
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / MILLIS;
  }

  private void print(String line) {
    table.add(line);
    PrintWriter writer = spec.commandLine().getOut();
    writer.println(line);
    writer.flush();
  }

  private void require(boolean holds, String option, String why) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '" + option + "': " + why);
    }
  }
}
