package ddim.eval.distance;

/**
 * Mean and covariance of features, one row after another: Welford's update, which subtracts no
 * large numbers from each other, in float64.
 *
 * <p>Not thread-safe.
 */
public final class FeatureStatistics {
  private final int dimension;
  private final double[] mean;
  private final double[] scatter; // sum of (x - mean)(x - mean)^T, upper triangle, row by row
  private final double[] before;
  private long count;

  /**
   * @param dimension the length of a feature vector, at least 1
   */
  public FeatureStatistics(int dimension) {
    if (dimension < 1) {
      throw new IllegalArgumentException("dimension must be 1 or more, is " + dimension);
    }
    this.dimension = dimension;
    this.mean = new double[dimension];
    this.before = new double[dimension];
    this.scatter = new double[Math.multiplyExact(dimension, dimension)];
  }

  /** The statistics of all rows, which must be at least one. */
  public static FeatureStatistics of(float[][] features) {
    FeatureStatistics statistics = new FeatureStatistics(features[0].length);
    for (float[] feature : features) {
      statistics.add(feature);
    }
    return statistics;
  }

  /**
   * Adds one row.
   *
   * @throws IllegalArgumentException if it is of another length or not finite
   */
  public void add(float[] feature) {
    if (feature.length != dimension) {
      throw new IllegalArgumentException(
          "expected a feature of %d numbers, got %d".formatted(dimension, feature.length));
    }
    for (float value : feature) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("a feature is " + value);
      }
    }
    count++;
    for (int i = 0; i < dimension; i++) {
      before[i] = feature[i] - mean[i];
      mean[i] += before[i] / count;
    }
    for (int i = 0; i < dimension; i++) {
      double after = feature[i] - mean[i];
      for (int j = i; j < dimension; j++) {
        scatter[i * dimension + j] += after * before[j];
      }
    }
  }

  /** The number of rows. */
  public long count() {
    return count;
  }

  /** The length of a feature vector. */
  public int dimension() {
    return dimension;
  }

  /** The mean, [dimension]. */
  public double[] mean() {
    return mean.clone();
  }

  /**
   * The unbiased covariance, row by row, [dimension * dimension].
   *
   * @throws IllegalStateException if there are fewer than two rows
   */
  public double[] covariance() {
    if (count < 2) {
      throw new IllegalStateException("a covariance needs two rows or more, there are " + count);
    }
    double[] covariance = new double[scatter.length];
    for (int i = 0; i < dimension; i++) {
      for (int j = i; j < dimension; j++) {
        double value = scatter[i * dimension + j] / (count - 1);
        covariance[i * dimension + j] = value;
        covariance[j * dimension + i] = value;
      }
    }
    return covariance;
  }
}
