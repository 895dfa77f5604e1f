package ddim.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Unstack;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** {@link ddim.diffusion.Clipping} on Operands, with a range and a quantile for each row. */
final class ClipX0 {
  private static final String ROW_X0 = "row_x0";
  private static final String ROW_CLIP = "row_clip";

  private ClipX0() {}

  /**
   * Clips each row to its range; the quantile is ignored.
   *
   * @param x0 [B, ...]
   * @param clip range and quantile of each row, [B, 2]
   */
  static Operand<TFloat32> toRange(Ops tf, Operand<TFloat32> x0, Operand<TFloat32> clip) {
    return hold(tf, x0, perImage(tf, columns(tf, clip).get(0), x0));
  }

  /**
   * Clips each row to its range, or thresholds it dynamically where its quantile is not 0.
   *
   * @param x0 [B, ...]
   * @param clip range and quantile of each row, [B, 2]
   */
  static Operand<TFloat32> threshold(Ops tf, Operand<TFloat32> x0, Operand<TFloat32> clip) {
    List<? extends Operand<TFloat32>> columns = columns(tf, clip);
    Operand<TBool> dynamic = tf.math.greater(columns.get(1), tf.constant(0f)); // [B]
    Operand<TFloat32> bound =
        RowLoop.replace(
            tf,
            dynamic,
            columns.get(0),
            new TreeMap<>(Map.of(ROW_X0, x0, ROW_CLIP, clip)),
            ClipX0::quantile);
    Operand<TFloat32> divisor = tf.select(dynamic, bound, tf.onesLike(bound));
    return tf.math.div(hold(tf, x0, perImage(tf, bound, x0)), perImage(tf, divisor, x0));
  }

  private static List<? extends Operand<TFloat32>> columns(Ops tf, Operand<TFloat32> clip) {
    return tf.unstack(clip, 2L, Unstack.axis(1L)).output();
  }

  /** [B] as [B, 1, ...]. */
  private static Operand<TFloat32> perImage(
      Ops tf, Operand<TFloat32> perRow, Operand<TFloat32> images) {
    int[] shape = new int[images.shape().numDimensions()];
    Arrays.fill(shape, 1);
    shape[0] = -1;
    return tf.reshape(perRow, tf.constant(shape));
  }

  private static Operand<TFloat32> hold(Ops tf, Operand<TFloat32> x0, Operand<TFloat32> bound) {
    return tf.math.minimum(tf.math.maximum(x0, tf.math.neg(bound)), bound);
  }

  /** The quantile of |x0| of one row, interpolated linearly, held within [1, range]: [1]. */
  private static Operand<TFloat32> quantile(Ops tf, Map<String, Operand<?>> row) {
    Operand<TFloat32> x0 = LoopValues.floats(row, ROW_X0);
    int size = Math.toIntExact(x0.shape().size() / Math.max(1, x0.shape().get(0)));
    Operand<TFloat32> magnitudes = tf.reshape(tf.math.abs(x0), tf.constant(new int[] {-1}));
    TopK<TFloat32, TInt32> descending =
        tf.nn.topK(magnitudes, tf.constant(size), new TopK.Options[0]);
    List<? extends Operand<TFloat32>> clip = columns(tf, LoopValues.floats(row, ROW_CLIP));

    Operand<TFloat32> place =
        tf.math.mul(tf.math.sub(tf.constant(1f), clip.get(1)), tf.constant((float) (size - 1)));
    Operand<TFloat32> above = tf.math.floor(place);
    Operand<TFloat32> fraction = tf.math.sub(place, above);
    Operand<TFloat32> high = at(tf, descending, above, size);
    Operand<TFloat32> low = at(tf, descending, tf.math.add(above, tf.constant(1f)), size);
    Operand<TFloat32> quantile = tf.math.add(high, tf.math.mul(fraction, tf.math.sub(low, high)));
    return tf.math.minimum(tf.math.maximum(quantile, tf.constant(1f)), clip.get(0));
  }

  private static Operand<TFloat32> at(
      Ops tf, TopK<TFloat32, TInt32> sorted, Operand<TFloat32> place, int size) {
    Operand<TInt32> index =
        tf.math.minimum(tf.dtypes.cast(place, TInt32.class), tf.constant(size - 1));
    return tf.gather(sorted.values(), index, tf.constant(0));
  }
}
