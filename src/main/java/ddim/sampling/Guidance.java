package ddim.sampling;

import static ddim.sampling.LoopValues.floats;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Classifier-free guidance (Ho, Salimans, <a href="https://arxiv.org/abs/2207.12598">2022</a>): the
 * network is asked with the label and without, {@code eps = epsNone + guidance * (epsLabel -
 * epsNone)}.
 *
 * <p>Both questions are rows of one network call, and only rows that need both ask twice: a row
 * without a label, or with guidance 0 (no label) or 1 (the label alone), is one row of the call. As
 * the weights add up to 1, the same formula serves networks that predict x0 or v.
 */
final class Guidance {
  private static final String SECOND_ROWS = "second_rows";
  private static final String UNLABELLED_AT = "unlabelled_at";

  private Guidance() {}

  /**
   * Plans the network's batch, once for all steps.
   *
   * @param inputs of the loop, with {@link SamplingLoop#LABELS} and {@link SamplingLoop#GUIDANCE}
   * @param classes of the network
   * @return the same values, with the labels of all rows of the network's batch, [B + n], and where
   *     its rows are
   */
  static Map<String, Operand<?>> plan(Ops tf, Map<String, Operand<?>> inputs, int classes) {
    Operand<TInt32> labels = LoopValues.get(inputs, SamplingLoop.LABELS, TInt32.class);
    Operand<TFloat32> guidance = floats(inputs, SamplingLoop.GUIDANCE);
    Operand<TInt32> none = tf.math.sub(tf.zerosLike(labels), tf.constant(1));
    Operand<TBool> labelled =
        tf.math.logicalAnd(
            tf.math.logicalAnd(
                tf.math.greaterEqual(labels, tf.constant(0)),
                tf.math.less(labels, tf.constant(classes))),
            tf.math.notEqual(guidance, tf.constant(0f)));
    Operand<TBool> twice =
        tf.math.logicalAnd(labelled, tf.math.notEqual(guidance, tf.constant(1f)));

    Operand<TInt32> second =
        tf.reshape(
            tf.dtypes.cast(tf.where(twice), TInt32.class), tf.constant(new int[] {-1})); // [n]
    // Not arithmetic on an empty vector: OpenVINO makes one number of it.
    Operand<TInt32> noLabels = tf.gather(none, second, tf.constant(0));
    Operand<TInt32> asked =
        tf.concat(List.of(tf.select(labelled, labels, none), noLabels), tf.constant(0));
    Operand<TInt32> batch = tf.size(labels);
    Operand<TInt32> count = tf.math.cumsum(tf.dtypes.cast(twice, TInt32.class), tf.constant(0));
    Operand<TInt32> after = tf.math.add(count, tf.math.sub(batch, tf.constant(1)));
    Operand<TInt32> itself = tf.range(tf.constant(0), batch, tf.constant(1));

    Map<String, Operand<?>> planned = new LinkedHashMap<>(inputs);
    planned.put(SamplingLoop.LABELS, asked);
    planned.put(SECOND_ROWS, second);
    planned.put(UNLABELLED_AT, tf.select(twice, after, itself));
    return planned;
  }

  /** The guided prediction of a step. */
  static Operand<TFloat32> predict(
      Ops tf,
      LabelledDenoiser network,
      Operand<TFloat32> x,
      Operand<TInt32> t,
      Map<String, Operand<?>> values) {
    Operand<TInt32> second = LoopValues.get(values, SECOND_ROWS, TInt32.class);
    Operand<TInt32> rows = tf.constant(0);
    Operand<TFloat32> all =
        network.apply(
            tf,
            tf.concat(List.of(x, tf.gather(x, second, rows)), rows),
            tf.concat(List.of(t, tf.gather(t, second, rows)), rows),
            LoopValues.get(values, SamplingLoop.LABELS, TInt32.class)); // [B + n, ...]
    int[] start = new int[x.shape().numDimensions()];
    int[] perImage = start.clone();
    Arrays.fill(perImage, 1);
    perImage[0] = -1;
    Operand<TFloat32> labelled = tf.slice(all, tf.constant(start), tf.shape(x));
    Operand<TFloat32> unlabelled =
        tf.gather(all, LoopValues.get(values, UNLABELLED_AT, TInt32.class), rows);
    Operand<TFloat32> guidance =
        tf.reshape(floats(values, SamplingLoop.GUIDANCE), tf.constant(perImage));
    Operand<TFloat32> difference = tf.math.sub(labelled, unlabelled); // 0 where it is one row
    return tf.math.add(unlabelled, tf.math.mul(guidance, difference));
  }
}
