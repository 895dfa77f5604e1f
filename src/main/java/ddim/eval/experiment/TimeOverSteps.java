package ddim.eval.experiment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.eval.ImageBatches;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Figure 4 of the paper: wall-clock time an image over S, and the straight line through it. */
final class TimeOverSteps implements Experiment {
  private static final int REPETITIONS = 3;
  private static final int MOST_ROWS = 16;

  private final Bench bench;

  TimeOverSteps(Bench bench) {
    this.bench = bench;
  }

  private StepTable table(int steps) {
    return bench.table(Sampler.ddim(steps, 0));
  }

  private int rows() {
    return Math.min(MOST_ROWS, bench.options().batchSize());
  }

  private List<Integer> steps() {
    return bench.options().steps();
  }

  @Override
  public long networkCalls() {
    return steps().stream().mapToLong(this::calls).sum();
  }

  private long calls(int steps) {
    return (long) rows() * steps * REPETITIONS;
  }

  @Override
  public String run() throws IOException {
    boolean cold = true;
    List<Double> seconds = new ArrayList<>();
    for (int s : steps()) {
      String name = "time-" + s;
      if (cold && !bench.store().has(name)) {
        time(steps().get(0)); // kernels are made with the first batch of a size
        cold = false;
      }
      seconds.add(
          bench.cell(name, calls(s), cell -> measure(s, cell)).path("seconds_an_image").asDouble());
    }
    Table table = new Table(List.of("S", "ms an image"));
    Table csv = new Table(List.of("steps", "seconds_an_image"));
    for (int i = 0; i < seconds.size(); i++) {
      String s = Integer.toString(steps().get(i));
      table.add(List.of(s, String.format(Locale.ROOT, "%.2f", 1000 * seconds.get(i))));
      csv.add(List.of(s, Double.toString(seconds.get(i))));
    }
    csv.writeCsv(bench.out().resolve("time.csv"));
    Plot plot =
        new Plot("Time an image over S", "S", "seconds").points("measured", steps(), seconds);
    String line = "One number of steps has no line through it.";
    if (steps().size() > 1) {
      LinearFit fit = LinearFit.of(steps(), seconds);
      plot.line("fit", steps(), steps().stream().map(fit::at).toList());
      line =
          String.format(
              Locale.ROOT,
              "Least squares: %.3f ms + %.3f ms S, R^2 = %.4f.",
              1000 * fit.intercept(),
              1000 * fit.slope(),
              fit.r2());
    }
    plot.write(bench.out().resolve("time.png"));
    return """
        ## Wall-clock time over S

        Batches of %d rows%s, the fastest of %d each, %d processors, model in this process. %s

        %s
        ![time over S](time.png)

        """
        .formatted(
            rows(),
            bench.labels(),
            REPETITIONS,
            Runtime.getRuntime().availableProcessors(),
            line,
            table.markdown());
  }

  private void measure(int steps, ObjectNode cell) {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < REPETITIONS; i++) {
      least = Math.min(least, time(steps));
      bench.progress().worked((long) rows() * steps, "time, " + steps + " steps");
    }
    cell.put("seconds_an_image", least);
  }

  private double time(int steps) {
    StepTable table = table(steps);
    ImageBatches batches = bench.batches(rows());
    long start = System.nanoTime();
    batches.sample(table, bench.options().seed(), 0, rows(), calls -> {});
    return (System.nanoTime() - start) / 1e9 / rows();
  }
}
