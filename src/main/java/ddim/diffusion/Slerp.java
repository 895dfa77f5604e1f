package ddim.diffusion;

/**
 * Spherical interpolation of latents (Shoemake, Animating Rotation with Quaternion Curves, 1985;
 * DDIM, appendix D.5, eq. 67):
 *
 * <pre>
 *   slerp(a, b; w) = sin((1 - w) theta) / sin(theta) * a + sin(w theta) / sin(theta) * b
 * </pre>
 *
 * with theta the angle between a and b. Unlike a straight line it keeps the norm that a network
 * expects of noise: halfway between two independent latents a line has lost 29 % of it.
 */
public final class Slerp {
  /** Below this angle, or this close to pi, the formula divides by next to nothing. */
  private static final double NEARLY_ZERO = 1e-6;

  private Slerp() {}

  /**
   * A point on the arc from {@code a} to {@code b}.
   *
   * <p>Ends that are equal, or one of which is zero, are joined by a line. Between opposite ends
   * every arc is as short as any other: the one chosen goes through {@code a} with its neighbouring
   * numbers swapped and every second one negated, which is orthogonal to it and as normal as it is.
   *
   * @param a where w = 0
   * @param b where w = 1, as long as {@code a}
   * @param w from 0 to 1
   * @return a new array
   * @throws IllegalArgumentException if the lengths differ or w is outside [0, 1]
   */
  public static float[] of(float[] a, float[] b, double w) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "both ends must be of one size, are of " + a.length + " and " + b.length + " numbers");
    }
    if (!(w >= 0 && w <= 1)) {
      throw new IllegalArgumentException("w must be from 0 to 1, is " + w);
    }
    double lengths = Math.sqrt(dot(a, a) * dot(b, b));
    double cosine = lengths == 0 ? 1 : dot(a, b) / lengths;
    double theta = Math.acos(Math.max(-1, Math.min(1, cosine)));
    if (theta < NEARLY_ZERO) {
      return sum(1 - w, a, w, b);
    }
    if (Math.PI - theta < NEARLY_ZERO) {
      float[] middle = quarterTurn(a);
      return w <= 0.5 ? of(a, middle, 2 * w) : of(middle, b, 2 * w - 1);
    }
    double sine = Math.sin(theta);
    return sum(Math.sin((1 - w) * theta) / sine, a, Math.sin(w * theta) / sine, b);
  }

  /** A vector orthogonal to {@code a} and as long; for one number, zero. */
  private static float[] quarterTurn(float[] a) {
    float[] turned = new float[a.length];
    for (int i = 0; i + 1 < a.length; i += 2) {
      turned[i] = -a[i + 1];
      turned[i + 1] = a[i];
    }
    double norm = Math.sqrt(dot(turned, turned));
    double scale = norm == 0 ? 0 : Math.sqrt(dot(a, a)) / norm;
    return sum(scale, turned, 0, a);
  }

  private static float[] sum(double wa, float[] a, double wb, float[] b) {
    float[] sum = new float[a.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (float) (wa * a[i] + wb * b[i]);
    }
    return sum;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
