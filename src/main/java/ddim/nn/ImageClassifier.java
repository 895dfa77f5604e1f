package ddim.nn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A small convolutional network that says what an image shows; what it has seen before its last
 * layer are features to compare images by.
 *
 * <pre>
 *   conv 16 ─ half ─ conv 48 ─ half ─ conv 64 ─ conv 64 ─ mean over pixels ─ [B, 64] ─ dense ─ [B, classes]
 * </pre>
 *
 * <p>Convolutions are 3x3 and followed by group normalisation and SiLU; halving is a convolution of
 * stride 2. 96,000 weights for ten classes of grey images.
 */
public final class ImageClassifier {
  /** The numbers of a feature vector. */
  public static final int FEATURES = 64;

  private static final int FIRST = 16;
  private static final int SECOND = 48;
  private static final int NORM_GROUPS = 8;

  private ImageClassifier() {}

  /**
   * What the network says of a batch.
   *
   * @param features [B, {@link #FEATURES}]
   * @param logits [B, classes]
   */
  public record Outputs(Operand<TFloat32> features, Operand<TFloat32> logits) {}

  /**
   * Adds the network to the graph of {@code tf}.
   *
   * @param x images in [-1, 1], [B, H, W, C], the last three known, H and W multiples of 4
   */
  public static Outputs apply(Ops tf, Params p, Operand<TFloat32> x, int classes) {
    Operand<TFloat32> h = block(tf, p.in("conv1"), x, FIRST); // [B, H, W, 16]
    h = half(tf, p.in("half1"), h); // [B, H/2, W/2, 16]
    h = block(tf, p.in("conv2"), h, SECOND); // [B, H/2, W/2, 48]
    h = half(tf, p.in("half2"), h); // [B, H/4, W/4, 48]
    h = block(tf, p.in("conv3"), h, FEATURES); // [B, H/4, W/4, 64]
    h = block(tf, p.in("conv4"), h, FEATURES); // sees all of an image of 28 pixels
    Operand<TFloat32> features = tf.math.mean(h, tf.constant(new int[] {1, 2})); // [B, 64]
    Operand<TFloat32> logits =
        Layers.dense(tf, p.in("classes"), features, classes, Initializer.KERNEL);
    return new Outputs(features, logits);
  }

  private static Operand<TFloat32> block(Ops tf, Params p, Operand<TFloat32> x, int out) {
    return activated(tf, p, Layers.conv(tf, p, x, 3, out, Initializer.KERNEL));
  }

  private static Operand<TFloat32> half(Ops tf, Params p, Operand<TFloat32> x) {
    return activated(tf, p, Layers.downsample(tf, p, x, 0));
  }

  private static Operand<TFloat32> activated(Ops tf, Params p, Operand<TFloat32> x) {
    return Layers.silu(tf, GroupNorm.apply(tf, p.in("norm"), x, NORM_GROUPS));
  }
}
