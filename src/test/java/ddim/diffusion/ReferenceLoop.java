package ddim.diffusion;

import ddim.diffusion.StepTable.Column;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/** The recurrence of {@link StepTable}, one row, in float64: what the graph's loop must equal. */
public final class ReferenceLoop {
  /** A closed form in place of the U-Net. */
  public interface Network {
    /**
     * @param x one row
     * @param t the timestep that the step table asks at
     * @param alphaBar the noise level of x
     * @return what a network of the loop's prediction type would say
     */
    double[] predict(double[] x, int t, double alphaBar);
  }

  /** The closed form of the golden loops: x t / (t + 1). */
  static final Network RATIO =
      (x, t, alphaBar) -> Arrays.stream(x).map(value -> value * t / (t + 1)).toArray();

  /**
   * What a step left behind.
   *
   * @param x0 the predicted clean row
   * @param x the row at the next level
   */
  public record State(double[] x0, double[] x) {}

  private final Network network;
  private final Prediction prediction;

  public ReferenceLoop(Network network, Prediction prediction) {
    this.network = network;
    this.prediction = prediction;
  }

  /** The row at the end of a table without noise. */
  public double[] run(StepTable table, double... start) {
    List<State> states = run(table, start, k -> new double[start.length]);
    return states.get(states.size() - 1).x();
  }

  /**
   * Every state of a trajectory, in order.
   *
   * @param noise the standard normal row of step k
   */
  public List<State> run(StepTable table, double[] start, IntFunction<double[]> noise) {
    List<State> states = new ArrayList<>();
    double[][] history = new double[StepTable.HISTORY][start.length];
    double[] x = start;
    for (int k = 0; k < table.length(); k++) {
      double[] output = network.predict(x, table.timestep(k), square(table, k));
      double[] x0 = clip(toX0(table, k, x, output), table.clipping());
      double[] eps = toEps(table, k, x, output);
      double[] z = noise.apply(k);
      double v = table.get(k, Column.V);
      double[] next = new double[x.length];
      double[] kept = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        next[i] =
            table.get(k, Column.A) * x[i]
                + table.get(k, Column.B) * x0[i]
                + table.get(k, Column.C) * eps[i]
                + table.get(k, Column.D1) * history[0][i]
                + table.get(k, Column.D2) * history[1][i]
                + table.get(k, Column.D3) * history[2][i]
                + table.get(k, Column.SIGMA) * z[i];
        kept[i] = (1 - v) * eps[i] + v * x0[i];
      }
      history = new double[][] {kept, history[0], history[1]};
      states.add(new State(x0, next));
      x = next;
    }
    return states;
  }

  private static double square(StepTable table, int k) {
    return table.get(k, Column.SQRT_ALPHA_BAR) * table.get(k, Column.SQRT_ALPHA_BAR);
  }

  private double[] toX0(StepTable table, int k, double[] x, double[] output) {
    double signal = table.get(k, Column.SQRT_ALPHA_BAR);
    double noise = table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR);
    double[] x0 = new double[x.length];
    Arrays.setAll(
        x0,
        i ->
            switch (prediction) {
              case EPS -> (x[i] - noise * output[i]) / signal;
              case V -> signal * x[i] - noise * output[i];
              case X0 -> output[i];
            });
    return x0;
  }

  private double[] toEps(StepTable table, int k, double[] x, double[] output) {
    double signal = table.get(k, Column.SQRT_ALPHA_BAR);
    double noise = table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR);
    double[] eps = new double[x.length];
    Arrays.setAll(
        eps,
        i ->
            switch (prediction) {
              case EPS -> output[i];
              case V -> signal * output[i] + noise * x[i];
              case X0 -> (x[i] - signal * output[i]) / noise;
            });
    return eps;
  }

  private static double[] clip(double[] x0, Clipping clipping) {
    boolean dynamic = clipping.quantile() > 0;
    double bound =
        dynamic
            ? Math.min(Math.max(quantile(x0, clipping.quantile()), 1), clipping.range())
            : clipping.range();
    double scale = dynamic ? bound : 1;
    return Arrays.stream(x0).map(x -> Math.max(-bound, Math.min(bound, x)) / scale).toArray();
  }

  /** The quantile of the magnitudes, linear between neighbours. */
  private static double quantile(double[] row, double q) {
    double[] sorted = Arrays.stream(row).map(Math::abs).sorted().toArray();
    double position = q * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
