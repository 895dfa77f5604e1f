package ddim.nn;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Self-attention over the pixels of an image, one head, with a residual connection. */
final class Attention {
  private Attention() {}

  static Operand<TFloat32> apply(Ops tf, Params p, Operand<TFloat32> x, int normGroups) {
    int channels = Layers.channels(x);
    int pixels = Layers.height(x) * Layers.width(x);
    Operand<TFloat32> h = GroupNorm.apply(tf, p.in("norm"), x, normGroups);
    h = tf.reshape(h, tf.constant(new int[] {-1, channels})); // [B * HW, C]

    Operand<TFloat32> qkv = threeProducts(tf, p, h, channels); // [B * HW, 3C]
    qkv = tf.reshape(qkv, tf.constant(new int[] {-1, pixels, 3 * channels}));
    List<Operand<TFloat32>> parts = split(tf, qkv);
    Operand<TFloat32> scores = product(tf, parts.get(0), parts.get(1), true); // [B, HW, HW]
    scores = tf.math.mul(scores, tf.constant((float) (1 / Math.sqrt(channels))));
    h = product(tf, tf.nn.softmax(scores), parts.get(2), false); // [B, HW, C]

    h = tf.reshape(h, tf.constant(new int[] {-1, channels}));
    h = Layers.dense(tf, p.in("proj_out"), h, channels, Initializer.ZERO_KERNEL);
    int[] image = {-1, Layers.height(x), Layers.width(x), channels};
    return tf.math.add(x, tf.reshape(h, tf.constant(image)));
  }

  /** Queries, keys and values as one product, side by side. */
  private static Operand<TFloat32> threeProducts(
      Ops tf, Params p, Operand<TFloat32> h, int channels) {
    List<Params> scopes = List.of(p.in("q"), p.in("k"), p.in("v"));
    List<Operand<TFloat32>> weights =
        scopes.stream().map(s -> s.get("weight", Initializer.KERNEL, channels, channels)).toList();
    List<Operand<TFloat32>> biases =
        scopes.stream().map(s -> s.get("bias", Initializer.ZEROS, channels)).toList();
    Operand<TFloat32> product = tf.linalg.matMul(h, tf.concat(weights, tf.constant(1)));
    return tf.nn.biasAdd(product, tf.concat(biases, tf.constant(0)));
  }

  private static List<Operand<TFloat32>> split(Ops tf, Operand<TFloat32> qkv) {
    return List.copyOf(tf.split(tf.constant(2), qkv, 3L).output());
  }

  /**
   * The product of each row's two matrices, the second one transposed or not. Version 2 of the
   * operation is the one that other runtimes know; the generated method builds version 3.
   */
  private static Operand<TFloat32> product(
      Ops tf, Operand<TFloat32> a, Operand<TFloat32> b, boolean transposed) {
    return tf.scope()
        .opBuilder("BatchMatMulV2", "BatchMatMul")
        .addInput(a.asOutput())
        .addInput(b.asOutput())
        .setAttr("adj_y", transposed)
        .build()
        .output(0);
  }
}
