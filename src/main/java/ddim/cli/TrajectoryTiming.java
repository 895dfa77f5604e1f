package ddim.cli;

import ddim.diffusion.StepTable;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * What the loop in the graph saves: the same trajectories in one graph call and in one call a step.
 *
 * @param whole the median time of one call for the whole trajectory
 * @param stepwise the median time of one call a step
 * @param largestDifference between the numbers of the pictures that both made
 */
record TrajectoryTiming(Duration whole, Duration stepwise, double largestDifference) {
  /** Both ways do the same arithmetic; what more they differ by is a mistake. */
  static final double ALLOWED_DIFFERENCE = 1e-4;

  private static final int REPETITIONS = 3;

  /**
   * Measures, taking turns, after one run of each to warm up.
   *
   * @param model the model
   * @param seeds one a row
   * @param table the steps of every row
   * @param nanoTime the clock
   * @throws IllegalStateException if the pictures differ by more than {@link #ALLOWED_DIFFERENCE}
   */
  static TrajectoryTiming measure(
      SamplingModel model, long[] seeds, StepTable table, LongSupplier nanoTime) {
    float[][] latents = model.latents(seeds);
    long[] whole = new long[REPETITIONS];
    long[] stepwise = new long[REPETITIONS];
    double difference = 0;
    for (int repetition = -1; repetition < REPETITIONS; repetition++) {
      List<Trajectory> once = trajectories(seeds, latents, table);
      List<Trajectory> often = trajectories(seeds, latents, table);
      long start = nanoTime.getAsLong();
      advance(model, once, table.length());
      long middle = nanoTime.getAsLong();
      advance(model, often, 1);
      long end = nanoTime.getAsLong();
      difference = Math.max(difference, largestDifference(once, often));
      if (repetition >= 0) {
        whole[repetition] = middle - start;
        stepwise[repetition] = end - middle;
      }
    }
    if (!(difference <= ALLOWED_DIFFERENCE)) {
      throw new IllegalStateException(
          "the pictures of one graph call and of one call a step differ by " + difference);
    }
    return new TrajectoryTiming(median(whole), median(stepwise), difference);
  }

  private static List<Trajectory> trajectories(long[] seeds, float[][] latents, StepTable table) {
    List<Trajectory> rows = new ArrayList<>();
    for (int i = 0; i < seeds.length; i++) {
      rows.add(new Trajectory(seeds[i], latents[i], table));
    }
    return rows;
  }

  private static void advance(SamplingModel model, List<Trajectory> rows, int columns) {
    while (!rows.get(0).isFinished()) {
      model.advance(rows, columns, rows.size(), null);
    }
  }

  private static double largestDifference(List<Trajectory> rows, List<Trajectory> others) {
    double largest = 0;
    for (int i = 0; i < rows.size(); i++) {
      float[] x = rows.get(i).x();
      float[] y = others.get(i).x();
      for (int j = 0; j < x.length; j++) {
        largest = Math.max(largest, Math.abs(x[j] - y[j])); // not a number stays not a number
      }
    }
    return largest;
  }

  private static Duration median(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return Duration.ofNanos(sorted[sorted.length / 2]);
  }
}
