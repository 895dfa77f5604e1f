package ddim.nn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A learned vector for each class, and a last one for "no label".
 *
 * <p>Added to the time embedding, as in Dhariwal, Nichol, <a
 * href="https://arxiv.org/abs/2105.05233">Diffusion Models Beat GANs</a>. All vectors start at
 * zero: a network that learned without labels goes on from where it was.
 */
public final class LabelEmbedding {
  /** The name of the vectors, [classes + 1, 4 * channels], among a network's weights. */
  public static final String WEIGHT = "label_emb.weight";

  private LabelEmbedding() {}

  /**
   * @param labels from 0 to {@code classes - 1}; any other number is no label; [B]
   * @return [B, 4 * channels]
   */
  static Operand<TFloat32> apply(Ops tf, Params p, UNetConfig config, Operand<TInt32> labels) {
    int classes = config.classes();
    Operand<TFloat32> vectors =
        p.get(WEIGHT, Initializer.ZEROS, classes + 1, 4 * config.channels());
    Operand<TInt32> none = tf.constant(classes);
    Operand<TBool> known =
        tf.math.logicalAnd(
            tf.math.greaterEqual(labels, tf.constant(0)), tf.math.less(labels, none));
    Operand<TInt32> rows = tf.select(known, labels, none);
    // A product with one-hot rows: its gradient is a product too, so it has the same bits each
    // time.
    Operand<TFloat32> chosen =
        tf.oneHot(rows, tf.constant(classes + 1), tf.constant(1f), tf.constant(0f));
    return tf.linalg.matMul(chosen, vectors);
  }
}
