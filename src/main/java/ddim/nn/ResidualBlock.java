package ddim.nn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Two normalised convolutions, told of the noise level in between, added to their input. */
final class ResidualBlock {
  private ResidualBlock() {}

  /**
   * @param x [B, H, W, in]
   * @param activatedTemb the time embedding after SiLU, [B, 4 * channels]
   * @return [B, H, W, out]
   */
  static Operand<TFloat32> apply(
      Ops tf,
      Params p,
      Operand<TFloat32> x,
      Operand<TFloat32> activatedTemb,
      int out,
      int normGroups,
      Dropout dropout) {
    Operand<TFloat32> h = Layers.silu(tf, GroupNorm.apply(tf, p.in("norm1"), x, normGroups));
    h = Layers.conv(tf, p.in("conv1"), h, 3, out, Initializer.KERNEL);
    Operand<TFloat32> level =
        Layers.dense(tf, p.in("temb_proj"), activatedTemb, out, Initializer.KERNEL);
    h = tf.math.add(h, tf.reshape(level, tf.constant(new int[] {-1, 1, 1, out})));
    h = Layers.silu(tf, GroupNorm.apply(tf, p.in("norm2"), h, normGroups));
    h = dropout.apply(tf, h);
    h = Layers.conv(tf, p.in("conv2"), h, 3, out, Initializer.ZERO_KERNEL);
    if (Layers.channels(x) == out) {
      return tf.math.add(x, h);
    }
    return tf.math.add(Layers.conv(tf, p.in("nin_shortcut"), x, 1, out, Initializer.KERNEL), h);
  }
}
