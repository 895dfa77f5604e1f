package ddim.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The halving convolution against a plain loop, with both ways to pad. */
class DownsampleTest {
  private static final int HEIGHT = 4;
  private static final int WIDTH = 6;

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void itsFirstRowAndColumnOfZerosAreWhereThePaddingSays(int padding) {
    float[] x = random(HEIGHT * WIDTH, 1);
    float[] kernel = random(9, 2);
    float[] halved = new float[HEIGHT * WIDTH / 4];
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Params params =
          (name, init, shape) ->
              tf.constant(
                  Shape.of(shape), DataBuffers.of(name.endsWith("bias") ? new float[1] : kernel));
      var y =
          Layers.downsample(
              tf, params, tf.constant(Shape.of(1, HEIGHT, WIDTH, 1), DataBuffers.of(x)), padding);
      try (var result = session.runner().fetch(y).run()) {
        assertThat(result.get(0).shape()).isEqualTo(Shape.of(1, HEIGHT / 2, WIDTH / 2, 1));
        ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(halved);
      }
    }

    for (int row = 0; row < HEIGHT / 2; row++) {
      for (int column = 0; column < WIDTH / 2; column++) {
        double sum = 0;
        for (int i = 0; i < 9; i++) {
          int above = 2 * row + i / 3 - padding;
          int left = 2 * column + i % 3 - padding;
          boolean inside = above >= 0 && above < HEIGHT && left >= 0 && left < WIDTH;
          sum += inside ? kernel[i] * x[above * WIDTH + left] : 0;
        }
        assertThat((double) halved[row * WIDTH / 2 + column]).isCloseTo(sum, within(1e-5));
      }
    }
  }

  private static float[] random(int size, int seed) {
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
