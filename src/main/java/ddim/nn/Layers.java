package ddim.nn;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The layers that are one operation and its weights. Images are NHWC. */
final class Layers {
  private Layers() {}

  /** A square convolution with zero padding that keeps the size. */
  static Operand<TFloat32> conv(
      Ops tf, Params p, Operand<TFloat32> x, int kernel, int out, Initializer init) {
    return conv(tf, p, x, kernel, 1, out, init);
  }

  /**
   * Halves height and width by a 3x3 convolution of stride 2.
   *
   * <p>For even sides, TensorFlow's SAME pads right and bottom only, which is what the official
   * code does; sides are even, see {@link UNetConfig}.
   *
   * @param padding 1 for top and left instead: what PyTorch's padding of 1 comes to, whose last row
   *     and column no step reaches
   */
  static Operand<TFloat32> downsample(Ops tf, Params p, Operand<TFloat32> x, int padding) {
    if (padding == 0) {
      return conv(tf, p.in("conv"), x, 3, 2, channels(x), Initializer.KERNEL);
    }
    Operand<TFloat32> padded =
        tf.pad(x, tf.constant(new int[][] {{0, 0}, {1, 0}, {1, 0}, {0, 0}}), tf.constant(0f));
    return conv(tf, p.in("conv"), padded, 3, 2, "VALID", channels(x), Initializer.KERNEL);
  }

  /** Doubles height and width by repeating pixels, then a 3x3 convolution. */
  static Operand<TFloat32> upsample(Ops tf, Params p, Operand<TFloat32> x) {
    int[] size = {2 * height(x), 2 * width(x)};
    Operand<TFloat32> larger = tf.image.resizeNearestNeighbor(x, tf.constant(size));
    return conv(tf, p.in("conv"), larger, 3, channels(x), Initializer.KERNEL);
  }

  /** {@code x w + b} on the last dimension of a matrix [rows, in]. */
  static Operand<TFloat32> dense(Ops tf, Params p, Operand<TFloat32> x, int out, Initializer init) {
    Operand<TFloat32> weight = p.get("weight", init, channels(x), out);
    Operand<TFloat32> bias = p.get("bias", Initializer.ZEROS, out);
    return tf.nn.biasAdd(tf.linalg.matMul(x, weight), bias);
  }

  /** {@code x * sigmoid(x)}. */
  static Operand<TFloat32> silu(Ops tf, Operand<TFloat32> x) {
    return tf.math.mul(x, tf.math.sigmoid(x));
  }

  private static Operand<TFloat32> conv(
      Ops tf, Params p, Operand<TFloat32> x, int kernel, int stride, int out, Initializer init) {
    return conv(tf, p, x, kernel, stride, "SAME", out, init);
  }

  private static Operand<TFloat32> conv(
      Ops tf,
      Params p,
      Operand<TFloat32> x,
      int kernel,
      int stride,
      String padding,
      int out,
      Initializer init) {
    Operand<TFloat32> weight = p.get("weight", init, kernel, kernel, channels(x), out);
    Operand<TFloat32> bias = p.get("bias", Initializer.ZEROS, out);
    List<Long> strides = List.of(1L, (long) stride, (long) stride, 1L);
    return tf.nn.biasAdd(tf.nn.conv2d(x, weight, strides, padding), bias);
  }

  static int height(Operand<?> x) {
    return Math.toIntExact(x.shape().get(1));
  }

  static int width(Operand<?> x) {
    return Math.toIntExact(x.shape().get(2));
  }

  /** The size of the last dimension. */
  static int channels(Operand<?> x) {
    return Math.toIntExact(x.shape().get(x.shape().numDimensions() - 1));
  }
}
