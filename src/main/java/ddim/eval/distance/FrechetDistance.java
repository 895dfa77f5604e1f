package ddim.eval.distance;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The squared Fréchet (2-Wasserstein) distance between normal distributions (Dowson, Landau, 1982):
 *
 * <pre>  d = |m1 - m2|^2 + tr C1 + tr C2 - 2 tr sqrt(C1 C2)</pre>
 *
 * <p>{@code tr sqrt(C1 C2)} is the sum of the roots of the eigenvalues of {@code sqrt(C1) C2
 * sqrt(C1)}, which is symmetric and has no negative ones: both decompositions are of symmetric
 * matrices, so covariances of any rank, even of two images, give a finite result without an offset.
 * With features of an Inception network it is the FID of Heusel et al., <a
 * href="https://arxiv.org/abs/1706.08500">TTUR</a>, eq. 6.
 *
 * <p>Holds the root of one side, to be compared with many. Immutable.
 */
public final class FrechetDistance {
  private final int dimension;
  private final double[] mean;
  private final double trace;
  private final DMatrixRMaj root; // R with R^T R = C1, rank rows

  private FrechetDistance(double[] mean, double[] covariance) {
    this.dimension = mean.length;
    this.mean = mean.clone();
    DMatrixRMaj matrix = new DMatrixRMaj(dimension, dimension, true, covariance.clone());
    this.trace = CommonOps_DDRM.trace(matrix);
    this.root = root(matrix);
  }

  /**
   * Distances to a set.
   *
   * @param reference of at least two rows
   */
  public static FrechetDistance to(FeatureStatistics reference) {
    return to(reference.mean(), reference.covariance());
  }

  /**
   * Distances to a normal distribution.
   *
   * @param mean [D]
   * @param covariance symmetric, row by row, [D * D]
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public static FrechetDistance to(double[] mean, double[] covariance) {
    requireFit(mean, covariance, mean.length);
    return new FrechetDistance(mean, covariance);
  }

  /**
   * The distance of another set.
   *
   * @throws IllegalArgumentException if it has features of another length
   */
  public double from(FeatureStatistics other) {
    return from(other.mean(), other.covariance());
  }

  /**
   * The distance of another normal distribution.
   *
   * @return 0 or more
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public double from(double[] otherMean, double[] otherCovariance) {
    requireFit(otherMean, otherCovariance, dimension);
    double distance = trace;
    for (int i = 0; i < dimension; i++) {
      double difference = mean[i] - otherMean[i];
      distance += difference * difference + otherCovariance[i * dimension + i];
    }
    // Rounding may leave a set that is compared with itself a little below 0.
    return Math.max(0, distance - 2 * traceOfRoot(otherCovariance));
  }

  private double traceOfRoot(double[] covariance) {
    DMatrixRMaj other = new DMatrixRMaj(dimension, dimension, true, covariance.clone());
    DMatrixRMaj left = new DMatrixRMaj(root.numRows, dimension);
    CommonOps_DDRM.mult(root, other, left);
    DMatrixRMaj product = new DMatrixRMaj(root.numRows, root.numRows);
    CommonOps_DDRM.multTransB(left, root, product);
    symmetrize(product);
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(product, false);
    double sum = 0;
    for (int i = 0; i < product.numRows; i++) {
      sum += Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
    }
    return sum;
  }

  /** {@code diag(sqrt(lambda)) V^T}. */
  private static DMatrixRMaj root(DMatrixRMaj covariance) {
    symmetrize(covariance);
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(covariance, true);
    int size = covariance.numRows;
    DMatrixRMaj root = new DMatrixRMaj(size, size);
    for (int i = 0; i < size; i++) {
      double scale = Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
      DMatrixRMaj vector = eigen.getEigenVector(i);
      for (int j = 0; j < size; j++) {
        root.set(i, j, scale * vector.get(j));
      }
    }
    return root;
  }

  private static EigenDecomposition_F64<DMatrixRMaj> decompose(
      DMatrixRMaj symmetric, boolean vectors) {
    EigenDecomposition_F64<DMatrixRMaj> eigen =
        DecompositionFactory_DDRM.eig(symmetric.numRows, vectors, true);
    if (!eigen.decompose(symmetric.copy())) {
      throw new IllegalStateException(
          "the eigenvalues of a %dx%d matrix were not found"
              .formatted(symmetric.numRows, symmetric.numCols));
    }
    return eigen;
  }

  private static void symmetrize(DMatrixRMaj matrix) {
    for (int i = 0; i < matrix.numRows; i++) {
      for (int j = i + 1; j < matrix.numCols; j++) {
        double value = (matrix.get(i, j) + matrix.get(j, i)) / 2;
        matrix.set(i, j, value);
        matrix.set(j, i, value);
      }
    }
  }

  private static void requireFit(double[] mean, double[] covariance, int dimension) {
    if (mean.length != dimension || covariance.length != (long) dimension * dimension) {
      throw new IllegalArgumentException(
          "expected a mean of %d numbers and a covariance of %d, got %d and %d"
              .formatted(dimension, (long) dimension * dimension, mean.length, covariance.length));
    }
  }
}
