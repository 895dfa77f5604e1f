package ddim.model.foreign;

import org.tensorflow.ndarray.Shape;

/**
 * PyTorch's order of a weight's dimensions against TensorFlow's: convolutions (out, in, h, w)
 * against [h, w, in, out], dense layers (out, in) against [in, out].
 */
final class TorchLayout {
  private TorchLayout() {}

  /** The shape in PyTorch of a weight that has this one in TensorFlow. */
  static Shape of(Shape ours) {
    return switch (ours.numDimensions()) {
      case 2 -> Shape.of(ours.get(1), ours.get(0));
      case 4 -> Shape.of(ours.get(3), ours.get(2), ours.get(0), ours.get(1));
      default -> ours;
    };
  }

  /** Whether a PyTorch weight is this one; a dense layer may be a 1x1 convolution. */
  static boolean fits(Shape ours, Shape theirs) {
    Shape plain = of(ours);
    return theirs.equals(plain)
        || (ours.numDimensions() == 2 && theirs.equals(Shape.of(plain.get(0), plain.get(1), 1, 1)));
  }

  /** Values in TensorFlow's order, from PyTorch's. */
  static float[] toOurs(float[] theirs, Shape ours) {
    return reordered(theirs, ours, true);
  }

  /** Values in PyTorch's order, from TensorFlow's. */
  static float[] toTorch(float[] values, Shape ours) {
    return reordered(values, ours, false);
  }

  private static float[] reordered(float[] values, Shape ours, boolean fromTorch) {
    int rank = ours.numDimensions();
    if (rank < 2) {
      return values;
    }
    int in = (int) ours.get(rank - 2);
    int out = (int) ours.get(rank - 1);
    int field = values.length / (in * out);
    float[] result = new float[values.length];
    for (int k = 0; k < field; k++) {
      for (int c = 0; c < in; c++) {
        for (int o = 0; o < out; o++) {
          int place = (k * in + c) * out + o;
          int torch = (o * in + c) * field + k;
          if (fromTorch) {
            result[place] = values[torch];
          } else {
            result[torch] = values[place];
          }
        }
      }
    }
    return result;
  }
}
