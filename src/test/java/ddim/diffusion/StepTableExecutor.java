package ddim.diffusion;

/** Something that runs the loop of {@link StepTable}: the float64 reference, or the graph. */
@FunctionalInterface
public interface StepTableExecutor {
  /**
   * Runs every step of a table on every row, with {@code x * t / (t + 1)} in place of the network.
   *
   * @param x the rows at the level where the table starts, [rows][elements]
   * @param table the steps, the same for all rows
   * @param prediction what the closed form is taken to predict
   * @param noise standard normal numbers, [steps][rows][elements]
   * @return the rows after the last step
   */
  double[][] run(double[][] x, StepTable table, Prediction prediction, double[][][] noise);
}
