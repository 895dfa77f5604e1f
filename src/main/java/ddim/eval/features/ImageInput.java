package ddim.eval.features;

import ddim.model.ModelFormatException;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.ResizeBilinear;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * The images that a network of features wants.
 *
 * @param isBytes uint8 pixels instead of float32 in [-1, 1]
 * @param height rows, -1 for any
 * @param width columns, -1 for any
 * @param channels 1 or 3
 */
record ImageInput(boolean isBytes, long height, long width, long channels) {
  private static final int RANK = 4;

  static ImageInput of(TensorInfo info) {
    TensorShapeProto shape = info.getTensorShape();
    boolean isBytes = info.getDtype() == DataType.DT_UINT8;
    if ((!isBytes && info.getDtype() != DataType.DT_FLOAT) || shape.getDimCount() != RANK) {
      throw new ModelFormatException(
          "images must be uint8 or float32 [B, H, W, C], are %s with %d dimensions"
              .formatted(info.getDtype(), shape.getDimCount()));
    }
    long channels = shape.getDim(3).getSize();
    if (channels != 1 && channels != 3) {
      throw new ModelFormatException("images must have 1 or 3 channels, have " + channels);
    }
    return new ImageInput(isBytes, shape.getDim(1).getSize(), shape.getDim(2).getSize(), channels);
  }

  /**
   * Converts images of one shape to those that are wanted.
   *
   * @throws IllegalArgumentException if they have colours and the network takes none
   */
  Converter from(int fromHeight, int fromWidth, int fromChannels) {
    if (fromChannels != channels && fromChannels != 1) {
      throw new IllegalArgumentException(
          "the network of the features takes images with %d channels, not %d"
              .formatted(channels, fromChannels));
    }
    return new Converter(this, Shape.of(-1, fromHeight, fromWidth, fromChannels));
  }

  /** A small graph of its own. */
  static final class Converter implements AutoCloseable {
    private final Shape shape;
    private final Graph graph = new Graph();
    private final Session session;
    private final Placeholder<TUint8> pixels;
    private final Operand<?> wanted;

    private Converter(ImageInput target, Shape shape) {
      this.shape = shape;
      Ops tf = Ops.create(graph);
      pixels = tf.placeholder(TUint8.class, Placeholder.shape(shape));
      wanted = target.convert(tf, pixels, shape);
      session = new Session(graph);
    }

    /** One batch. */
    Tensor tensor(List<byte[]> images) {
      int size = Math.toIntExact(shape.get(1) * shape.get(2) * shape.get(3));
      ByteDataBuffer bytes = DataBuffers.ofBytes((long) images.size() * size);
      for (int i = 0; i < images.size(); i++) {
        if (images.get(i).length != size) {
          throw new IllegalArgumentException(
              "expected an image of %d bytes, got %d".formatted(size, images.get(i).length));
        }
        bytes.offset((long) i * size).write(images.get(i));
      }
      Shape batch = Shape.of(images.size(), shape.get(1), shape.get(2), shape.get(3));
      try (TUint8 tensor = TUint8.tensorOf(batch, bytes)) {
        // The caller closes what is fetched, which is the only thing in the result.
        return session.runner().feed(pixels, tensor).fetch(wanted).run().get(0);
      }
    }

    @Override
    public void close() {
      session.close();
      graph.close();
    }
  }

  private Operand<?> convert(Ops tf, Operand<TUint8> pixels, Shape from) {
    Operand<TFloat32> x = tf.dtypes.cast(pixels, TFloat32.class);
    if (from.get(3) != channels) {
      x = tf.tile(x, tf.constant(new int[] {1, 1, 1, 3}));
    }
    boolean sameSize = (height < 0 || height == from.get(1)) && (width < 0 || width == from.get(2));
    if (!sameSize) {
      int[] size = {
        (int) (height < 0 ? from.get(1) : height), (int) (width < 0 ? from.get(2) : width)
      };
      x = tf.image.resizeBilinear(x, tf.constant(size), ResizeBilinear.halfPixelCenters(true));
    }
    return isBytes
        ? tf.dtypes.cast(tf.math.round(x), TUint8.class)
        : tf.math.sub(tf.math.div(x, tf.constant(127.5f)), tf.constant(1f));
  }
}
