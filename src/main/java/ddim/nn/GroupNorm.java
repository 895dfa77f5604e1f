package ddim.nn;

import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Group normalisation (Wu, He, <a href="https://arxiv.org/abs/1803.08494">Group Normalization</a>)
 * over height, width and contiguous groups of channels, with biased variance and epsilon 1e-6.
 *
 * <p>Statistics are taken per channel first, over the pixels, and joined per group on that small
 * result; the variance is of the differences to the group's mean, so nothing cancels. What touches
 * all pixels is one product and one sum. The means are taken without keeping dimensions: with them
 * TensorFlow recognises instance normalisation where a group is one channel, and its kernel of that
 * is slower than these operations.
 */
final class GroupNorm {
  private static final float EPSILON = 1e-6f;

  private GroupNorm() {}

  static Operand<TFloat32> apply(Ops tf, Params p, Operand<TFloat32> x, int groups) {
    int channels = Layers.channels(x);
    Operand<TFloat32> gamma = p.get("weight", Initializer.ONES, channels);
    Operand<TFloat32> beta = p.get("bias", Initializer.ZEROS, channels);

    Operand<TFloat32> mean = groupMean(tf, x, groups); // [B, 1, 1, C]
    Operand<TFloat32> variance = groupMean(tf, tf.math.squaredDifference(x, mean), groups);
    Operand<TFloat32> scale =
        tf.math.mul(tf.math.rsqrt(tf.math.add(variance, tf.constant(EPSILON))), gamma);
    Operand<TFloat32> shift = tf.math.sub(beta, tf.math.mul(mean, scale));
    return tf.math.add(tf.math.mul(x, scale), shift); // [B, H, W, C]
  }

  /** The mean of each row's group of channels, at every channel of the group: [B, 1, 1, C]. */
  private static Operand<TFloat32> groupMean(Ops tf, Operand<TFloat32> x, int groups) {
    int channels = Layers.channels(x);
    int perGroup = channels / groups;
    Operand<TFloat32> perChannel = tf.math.mean(x, tf.constant(new int[] {1, 2})); // [B, C]
    Operand<TInt32> perImage = tf.constant(new int[] {-1, 1, 1, channels});
    if (perGroup == 1) {
      return tf.reshape(perChannel, perImage);
    }
    Operand<TFloat32> grouped =
        tf.reshape(perChannel, tf.constant(new int[] {-1, groups, perGroup}));
    Operand<TFloat32> mean = tf.math.mean(grouped, tf.constant(new int[] {2}), Mean.keepDims(true));
    Operand<TFloat32> spread =
        tf.math.mul(mean, tf.constant(ones(perGroup))); // [B, groups, perGroup]
    return tf.reshape(spread, perImage);
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1f);
    return ones;
  }
}
