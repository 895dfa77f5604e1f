package ddim.eval.distance;

import java.util.stream.IntStream;

/**
 * Precision and recall of Kynkäänniemi et al., <a href="https://arxiv.org/abs/1904.06991">Improved
 * Precision and Recall Metric</a>: a set's manifold is the union of balls around its rows, each up
 * to the row's third nearest neighbour.
 *
 * @param precision the share of generated images within the manifold of the real ones: quality
 * @param recall the share of real images within the manifold of the generated ones: variety
 */
public record PrecisionRecall(double precision, double recall) {
  /** Which neighbour a ball reaches to. */
  public static final int K = 3;

  /**
   * Compares sets, which should be of equal size: both numbers depend on it.
   *
   * @param real more than {@link #K} rows
   * @param generated more than {@link #K} rows of the same length
   * @throws IllegalArgumentException if there are fewer, or rows of another length
   */
  public static PrecisionRecall of(float[][] real, float[][] generated) {
    return new PrecisionRecall(covered(generated, real), covered(real, generated));
  }

  private static double covered(float[][] rows, float[][] manifold) {
    double[] radii = Neighbours.squaredRadii(manifold, K);
    long inside =
        IntStream.range(0, rows.length)
            .parallel()
            .filter(i -> isInside(rows[i], manifold, radii))
            .count();
    return (double) inside / rows.length;
  }

  private static boolean isInside(float[] row, float[][] manifold, double[] radii) {
    for (int j = 0; j < manifold.length; j++) {
      if (Neighbours.squared(row, manifold[j]) <= radii[j]) {
        return true;
      }
    }
    return false;
  }
}
