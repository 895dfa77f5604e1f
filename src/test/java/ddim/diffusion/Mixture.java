package ddim.diffusion;

import java.util.Arrays;

/**
 * A mixture of Gaussians of one deviation: data whose best noise prediction, and the flow that DDIM
 * follows with eta = 0, are known in closed form.
 *
 * <p>With {@code y = x / sqrt(alphaBar)} and {@code r^2 = (1 - alphaBar) / alphaBar}, y is the data
 * plus noise of deviation r, and {@code eps = (y - E[x0 | y]) / r}; the flow is {@code dy / dr =
 * eps}.
 */
final class Mixture implements ReferenceLoop.Network {
  private static final int FLOW_STEPS = 200;

  private final double[][] means;
  private final double deviation;

  Mixture(double deviation, double[]... means) {
    this.means = means;
    this.deviation = deviation;
  }

  /** The best prediction of the noise, at the level of x itself. */
  @Override
  public double[] predict(double[] x, int t, double alphaBar) {
    return eps(x, alphaBar);
  }

  double[] eps(double[] x, double alphaBar) {
    double root = Math.sqrt(alphaBar);
    double r = Math.sqrt((1 - alphaBar) / alphaBar);
    return slope(Arrays.stream(x).map(value -> value / root).toArray(), r);
  }

  private double[] slope(double[] y, double r) {
    double variance = deviation * deviation + r * r;
    double[] shares = shares(y, variance);
    double[] slope = new double[y.length];
    for (int m = 0; m < means.length; m++) {
      for (int i = 0; i < y.length; i++) {
        slope[i] += shares[m] * (y[i] - means[m][i]) * r / variance;
      }
    }
    return slope;
  }

  /** How likely each component is to have made y. */
  private double[] shares(double[] y, double variance) {
    double[] logits = new double[means.length];
    for (int m = 0; m < means.length; m++) {
      for (int i = 0; i < y.length; i++) {
        logits[m] -= (y[i] - means[m][i]) * (y[i] - means[m][i]) / (2 * variance);
      }
    }
    double largest = Arrays.stream(logits).max().orElseThrow();
    double[] shares = Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).toArray();
    double total = Arrays.stream(shares).sum();
    return Arrays.stream(shares).map(share -> share / total).toArray();
  }

  /** The exact flow from one level to another: Runge and Kutta's fourth order in asinh(r / d). */
  double[] flow(double[] x, double alphaBarFrom, double alphaBarTo) {
    double[] y = Arrays.stream(x).map(value -> value / Math.sqrt(alphaBarFrom)).toArray();
    double from = scaled(alphaBarFrom);
    double h = (scaled(alphaBarTo) - from) / FLOW_STEPS;
    for (int n = 0; n < FLOW_STEPS; n++) {
      double u = from + n * h;
      double[] k1 = scaledSlope(y, u);
      double[] k2 = scaledSlope(plus(y, h / 2, k1), u + h / 2);
      double[] k3 = scaledSlope(plus(y, h / 2, k2), u + h / 2);
      double[] k4 = scaledSlope(plus(y, h, k3), u + h);
      y = plus(plus(plus(plus(y, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4);
    }
    return Arrays.stream(y).map(value -> value * Math.sqrt(alphaBarTo)).toArray();
  }

  private double scaled(double alphaBar) {
    double r = Math.sqrt((1 - alphaBar) / alphaBar) / deviation;
    return Math.log(r + Math.sqrt(r * r + 1));
  }

  private double[] scaledSlope(double[] y, double u) {
    double[] slope = slope(y, deviation * Math.sinh(u));
    return Arrays.stream(slope).map(value -> value * deviation * Math.cosh(u)).toArray();
  }

  private static double[] plus(double[] y, double h, double[] slope) {
    double[] sum = new double[y.length];
    Arrays.setAll(sum, i -> y[i] + h * slope[i]);
    return sum;
  }
}
