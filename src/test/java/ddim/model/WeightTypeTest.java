package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;

/** Rounding to the types of weights, and their bytes. */
class WeightTypeTest {
  private static final int COUNT = 20_000;

  /** TensorFlow's own Cast there and back is the judge. */
  @ParameterizedTest
  @EnumSource(WeightType.class)
  void roundsAsTensorFlowDoes(WeightType type) {
    SplittableRandom random = new SplittableRandom(2);
    float[] values = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      double size = Math.pow(2, random.nextInt(-27, 18));
      values[i] = (float) ((2 * random.nextDouble() - 1) * size);
    }
    float[] middles = {1 + 0x1p-8f, 1 + 0x3p-8f, 1 + 0x1p-11f, 1 + 0x3p-11f, 0x1p-25f, 0x3p-25f};
    System.arraycopy(middles, 0, values, 0, middles.length);
    float[] expected = castThereAndBack(values, type);

    for (int i = 0; i < COUNT; i++) {
      assertThat(type.round(values[i])).as("%s", values[i]).isEqualTo(expected[i]);
    }
  }

  @Test
  void halvesAreReadFromTheirBytes() {
    assertThat(WeightType.FLOAT16.decode(bytes(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x3555)))
        .containsExactly(1f, -2f, 65504f, 0x1p-24f, -0f, 0x1.554p-2f);
    assertThat(WeightType.BFLOAT16.decode(bytes(0x3f80, 0xc000, 0x7f7f, 0x3eab)))
        .containsExactly(1f, -2f, 0x1.fep127f, 0x1.56p-2f);
  }

  @Test
  void whatIsBeyondTheRangeIsInfinite() {
    assertThat(WeightType.FLOAT16.round(65519)).isEqualTo(65504);
    assertThat(WeightType.FLOAT16.round(-65520)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(WeightType.BFLOAT16.round(Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(WeightType.BFLOAT16.round(Float.NaN)).isNaN();
  }

  private static ByteBuffer bytes(int... halves) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * halves.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int half : halves) {
      bytes.putShort((short) half);
    }
    return bytes.flip();
  }

  private static float[] castThereAndBack(float[] values, WeightType type) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> exact = tf.constant(values);
      Operand<TFloat32> rounded =
          switch (type) {
            case FLOAT32 -> exact;
            case BFLOAT16 -> tf.dtypes.cast(tf.dtypes.cast(exact, TBfloat16.class), TFloat32.class);
            case FLOAT16 -> tf.dtypes.cast(tf.dtypes.cast(exact, TFloat16.class), TFloat32.class);
          };
      try (Result result = session.runner().fetch(rounded).run()) {
        float[] cast = new float[values.length];
        result.get(0).asRawTensor().data().asFloats().read(cast);
        return cast;
      }
    }
  }
}
