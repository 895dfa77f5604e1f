package ddim.diffusion;

/**
 * What is done to the predicted x0 of a step before it is used.
 *
 * <p>With {@code quantile == 0}, x0 is clipped to {@code [-range, range]}. With {@code quantile} in
 * (0, 1] it is thresholded dynamically (Saharia et al., <a
 * href="https://arxiv.org/abs/2205.11487">Imagen</a>, section 2.3): s is that quantile of |x0| of
 * the row, held within {@code [1, range]}, and x0 becomes {@code clip(x0, -s, s) / s}.
 *
 * @param range the largest |x0| kept, above 0; {@link Float#MAX_VALUE} keeps everything
 * @param quantile 0 for a fixed range, else the quantile in (0, 1] that sets it
 */
public record Clipping(double range, double quantile) {
  /** Keeps x0 as it is. */
  public static final Clipping NONE = new Clipping(Float.MAX_VALUE, 0);

  /** Clips x0 to the range of the training images, [-1, 1]. */
  public static final Clipping UNIT = new Clipping(1, 0);

  /**
   * @throws IllegalArgumentException if a number is outside its range
   */
  public Clipping {
    if (!(range > 0 && range <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("clipping range must be above 0 and finite, is " + range);
    }
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new IllegalArgumentException("clipping quantile must be in [0, 1], is " + quantile);
    }
    if (quantile > 0 && range < 1) {
      throw new IllegalArgumentException(
          "the largest dynamic threshold must be at least 1, is " + range);
    }
  }

  /** Clips x0 to {@code [-range, range]}. */
  public static Clipping to(double range) {
    return new Clipping(range, 0);
  }

  /** Thresholds x0 dynamically at a quantile of |x0|, at most {@code max}. */
  public static Clipping dynamic(double quantile, double max) {
    if (quantile == 0) {
      throw new IllegalArgumentException("the quantile of dynamic thresholding must be above 0");
    }
    return new Clipping(max, quantile);
  }
}
