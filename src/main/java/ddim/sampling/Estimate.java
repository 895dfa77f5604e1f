package ddim.sampling;

import ddim.diffusion.Prediction;
import ddim.diffusion.StepTable.Column;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What the network's answer says about an image: its noise and its clean version.
 *
 * @param eps the noise in the image
 * @param x0 the clean image, not clipped
 */
public record Estimate(Operand<TFloat32> eps, Operand<TFloat32> x0) {
  /**
   * Reads both from a prediction: eq. 9 of the DDIM paper for eps; Salimans, Ho, <a
   * href="https://arxiv.org/abs/2202.00512">Progressive Distillation</a>, appendix D for v.
   *
   * @param kind what {@code predicted} is
   * @param x the noisy images
   * @param predicted the network's answer
   * @param signal sqrt(alphaBar) of each row, [B, 1, ...]
   * @param noise sqrt(1 - alphaBar) of each row, [B, 1, ...]
   */
  public static Estimate of(
      Ops tf,
      Prediction kind,
      Operand<TFloat32> x,
      Operand<TFloat32> predicted,
      Operand<TFloat32> signal,
      Operand<TFloat32> noise) {
    return switch (kind) {
      case EPS ->
          new Estimate(
              predicted, tf.math.div(tf.math.sub(x, tf.math.mul(noise, predicted)), signal));
      case X0 ->
          new Estimate(
              tf.math.div(tf.math.sub(x, tf.math.mul(signal, predicted)), noise), predicted);
      case V ->
          new Estimate(
              tf.math.add(tf.math.mul(signal, predicted), tf.math.mul(noise, x)),
              tf.math.sub(tf.math.mul(signal, x), tf.math.mul(noise, predicted)));
    };
  }

  static Estimate of(
      Ops tf,
      Prediction kind,
      Operand<TFloat32> x,
      Operand<TFloat32> predicted,
      StepColumns columns) {
    return of(
        tf,
        kind,
        x,
        predicted,
        columns.get(Column.SQRT_ALPHA_BAR),
        columns.get(Column.SQRT_ONE_MINUS_ALPHA_BAR));
  }
}
