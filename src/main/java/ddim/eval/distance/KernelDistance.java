package ddim.eval.distance;

import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The kernel distance of Bińkowski et al., <a href="https://arxiv.org/abs/1801.01401">Demystifying
 * MMD GANs</a>: the unbiased estimate of the squared maximum mean discrepancy, with the kernel
 * {@code k(x, y) = (x . y / D + 1)^3}.
 *
 * <p>It does not depend on the number of images in expectation, and may be a little below 0. All
 * pairs are used instead of random subsets, so that equal sets give equal numbers.
 */
public final class KernelDistance {
  private final float[][] reference;
  private final double within;

  private KernelDistance(float[][] reference) {
    this.reference = reference;
    this.within = within(reference);
  }

  /**
   * Distances to a set; takes time with the square of its size, once.
   *
   * @param reference at least two rows of one length, not copied
   * @throws IllegalArgumentException if there are fewer
   */
  public static KernelDistance to(float[][] reference) {
    return new KernelDistance(reference);
  }

  /**
   * The distance of another set.
   *
   * @param other at least two rows of the same length
   * @throws IllegalArgumentException if there are fewer, or rows of another length
   */
  public double from(float[][] other) {
    double across = total(other.length, i -> sum(other[i], reference, reference.length));
    return within + within(other) - 2 * across / other.length / reference.length;
  }

  /** The mean over pairs of different rows. */
  private static double within(float[][] features) {
    int n = features.length;
    if (n < 2) {
      throw new IllegalArgumentException("a set needs two features or more, has " + n);
    }
    double half = total(n, i -> sum(features[i], features, i));
    return 2 * half / n / (n - 1);
  }

  /** Rows are computed in parallel and added in their order: equal sets give equal bits. */
  private static double total(int rows, IntToDoubleFunction sum) {
    double[] sums = IntStream.range(0, rows).parallel().mapToDouble(sum).toArray();
    double total = 0;
    for (double value : sums) {
      total += value;
    }
    return total;
  }

  private static double sum(float[] x, float[][] others, int count) {
    double sum = 0;
    for (int j = 0; j < count; j++) {
      sum += kernel(x, others[j]);
    }
    return sum;
  }

  private static double kernel(float[] x, float[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "features of %d and %d numbers cannot be compared".formatted(x.length, y.length));
    }
    double product = 0;
    for (int i = 0; i < x.length; i++) {
      product += (double) x[i] * y[i];
    }
    double base = product / x.length + 1;
    return base * base * base;
  }
}
