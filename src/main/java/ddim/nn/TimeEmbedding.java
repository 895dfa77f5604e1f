package ddim.nn;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Sines and cosines of the timestep, then two dense layers.
 *
 * <p>With half = channels / 2: {@code f_i = exp(-ln(10000) i / (half - 1))} and the embedding is
 * [sin(t f), cos(t f)], sines first, a zero appended if channels is odd. t is the raw index, not
 * scaled.
 */
final class TimeEmbedding {
  private TimeEmbedding() {}

  /**
   * @param t timesteps, [B]
   * @return [B, 4 * channels], without a last activation
   */
  static Operand<TFloat32> apply(Ops tf, Params p, Operand<TInt32> t, int channels) {
    int width = 4 * channels;
    Operand<TFloat32> h = sinusoids(tf, t, channels);
    h = Layers.dense(tf, p.in("dense.0"), h, width, Initializer.KERNEL);
    return Layers.dense(tf, p.in("dense.1"), Layers.silu(tf, h), width, Initializer.KERNEL);
  }

  /** The embedding before the dense layers, [B, channels]. */
  static Operand<TFloat32> sinusoids(Ops tf, Operand<TInt32> t, int channels) {
    int half = channels / 2;
    float[] frequencies = new float[half];
    for (int i = 0; i < half; i++) {
      frequencies[i] = (float) Math.exp(-Math.log(10_000) * i / Math.max(1, half - 1));
    }
    Operand<TFloat32> column =
        tf.reshape(tf.dtypes.cast(t, TFloat32.class), tf.constant(new int[] {-1, 1}));
    Operand<TFloat32> angles = tf.math.mul(column, tf.constant(frequencies)); // [B, half]
    Operand<TFloat32> both =
        tf.concat(List.of(tf.math.sin(angles), tf.math.cos(angles)), tf.constant(1));
    if (channels % 2 == 0) {
      return both;
    }
    return tf.pad(both, tf.constant(new int[][] {{0, 0}, {0, 1}}), tf.constant(0f));
  }
}
