package ddim.eval.distance;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Nearest neighbours by Euclidean distance, by looking at all pairs. */
public final class Neighbours {
  private Neighbours() {}

  /** A row of another set, and how far it is. */
  public record Neighbour(int index, double distance) {}

  /**
   * The nearest row of a set for each query; the first of equally near ones.
   *
   * @param queries rows
   * @param set at least one row, as long as those of {@code queries}
   */
  public static Neighbour[] nearest(float[][] queries, float[][] set) {
    Neighbour[] found = new Neighbour[queries.length];
    IntStream.range(0, queries.length)
        .parallel()
        .forEach(
            i -> {
              int best = 0;
              double least = Double.POSITIVE_INFINITY;
              for (int j = 0; j < set.length; j++) {
                double squared = squared(queries[i], set[j]);
                if (squared < least) {
                  least = squared;
                  best = j;
                }
              }
              found[i] = new Neighbour(best, Math.sqrt(least));
            });
    return found;
  }

  /**
   * For each row of a set the squared distance to its k-th nearest other row.
   *
   * @throws IllegalArgumentException if there are no k others
   */
  static double[] squaredRadii(float[][] set, int k) {
    if (set.length <= k) {
      throw new IllegalArgumentException(
          "the " + k + "-th nearest of " + (set.length - 1) + " others is not there");
    }
    double[] radii = new double[set.length];
    IntStream.range(0, set.length)
        .parallel()
        .forEach(
            i -> {
              double[] distances = new double[set.length];
              for (int j = 0; j < set.length; j++) {
                distances[j] = i == j ? Double.POSITIVE_INFINITY : squared(set[i], set[j]);
              }
              Arrays.sort(distances);
              radii[i] = distances[k - 1];
            });
    return radii;
  }

  static double squared(float[] x, float[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "features of %d and %d numbers cannot be compared".formatted(x.length, y.length));
    }
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      double difference = (double) x[i] - y[i];
      sum += difference * difference;
    }
    return sum;
  }
}
