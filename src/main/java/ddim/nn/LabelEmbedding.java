package ddim.nn;

import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A learned vector for each class, and a last one for "no label".
 *
 * <p>Added to the time embedding, as in Dhariwal, Nichol, <a
 * href="https://arxiv.org/abs/2105.05233">Diffusion Models Beat GANs</a>. The vectors start as
 * there, standard normal: from zero they hardly learn, because what the network makes of them
 * starts at nothing too, while noise moves them.
 */
public final class LabelEmbedding {
  /** The name of the vectors, [classes + 1, 4 * channels], among a network's weights. */
  public static final String WEIGHT = "label_emb.weight";

  private LabelEmbedding() {}

  /**
   * The first vectors for a network that has learned without labels: those of the classes as in a
   * new one, that for "no label" zero, so that without a label it goes on from where it was.
   *
   * @return [classes + 1, 4 * channels], row by row
   */
  public static float[] beside(UNetConfig config) {
    int width = 4 * config.channels();
    float[] vectors = Initializer.NORMAL.values(WEIGHT, Shape.of(config.classes() + 1, width), 0);
    Arrays.fill(vectors, config.classes() * width, vectors.length, 0f);
    return vectors;
  }

  /**
   * @param labels from 0 to {@code classes - 1}; any other number is no label; [B]
   * @return [B, 4 * channels]
   */
  static Operand<TFloat32> apply(Ops tf, Params p, UNetConfig config, Operand<TInt32> labels) {
    int classes = config.classes();
    Operand<TFloat32> vectors =
        p.get(WEIGHT, Initializer.NORMAL, classes + 1, 4 * config.channels());
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
