package ddim.eval.experiment;

import java.util.List;

/**
 * A straight line through points, by least squares.
 *
 * @param r2 the share of the variance of y that it explains
 */
record LinearFit(double intercept, double slope, double r2) {
  /**
   * @param x at least two different numbers
   */
  static LinearFit of(List<Integer> x, List<Double> y) {
    int n = x.size();
    double meanX = x.stream().mapToInt(v -> v).average().orElseThrow();
    double meanY = y.stream().mapToDouble(v -> v).average().orElseThrow();
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (int i = 0; i < n; i++) {
      double dx = x.get(i) - meanX;
      double dy = y.get(i) - meanY;
      xx += dx * dx;
      xy += dx * dy;
      yy += dy * dy;
    }
    if (xx == 0) {
      throw new IllegalArgumentException("a line needs two different points, there are " + x);
    }
    double slope = xy / xx;
    return new LinearFit(meanY - slope * meanX, slope, yy == 0 ? 1 : xy * xy / (xx * yy));
  }

  double at(double x) {
    return intercept + slope * x;
  }
}
