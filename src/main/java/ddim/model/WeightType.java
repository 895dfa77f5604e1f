package ddim.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.ShortDataBuffer;
import org.tensorflow.ndarray.buffer.layout.DataLayouts;
import org.tensorflow.ndarray.buffer.layout.FloatDataLayout;

/** The type in which a file keeps weights; in memory they are float32. */
public enum WeightType {
  FLOAT32(Float.BYTES),
  /** The upper half of a float32: its range, 8 bits of precision. */
  BFLOAT16(Short.BYTES),
  /** IEEE 754's half precision: 11 bits of precision, up to 65504. */
  FLOAT16(Short.BYTES);

  /** The smallest number of {@link #FLOAT16} whose precision is whole, 2^-14. */
  private static final float SMALLEST_NORMAL = 0x1p-14f;

  private static final double SMALLEST_STEP = 0x1p-24;
  private static final float LARGEST = 65504;

  private final int bytes;

  WeightType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of one weight. */
  public int bytes() {
    return bytes;
  }

  /** The nearest number that the type has, to even from the middle; infinite beyond its range. */
  public float round(float value) {
    return switch (this) {
      case FLOAT32 -> value;
      case BFLOAT16 -> withoutBits(value, 16);
      case FLOAT16 -> toHalf(value);
    };
  }

  private static float toHalf(float value) {
    if (Math.abs(value) < SMALLEST_NORMAL) {
      return (float) (Math.rint(value / SMALLEST_STEP) * SMALLEST_STEP);
    }
    float rounded = withoutBits(value, 13);
    return Math.abs(rounded) > LARGEST ? Math.copySign(Float.POSITIVE_INFINITY, value) : rounded;
  }

  /** Rounds away the lowest bits; a carry goes into the exponent, as it should. */
  private static float withoutBits(float value, int count) {
    if (!Float.isFinite(value)) {
      return value;
    }
    int bits = Float.floatToRawIntBits(value);
    int half = (1 << (count - 1)) - 1 + (bits >>> count & 1);
    return Float.intBitsToFloat((bits + half) & -(1 << count));
  }

  /**
   * The weights that stand in bytes, little end first.
   *
   * @param stored a whole number of weights, all that remains in it
   */
  float[] decode(ByteBuffer stored) {
    ByteBuffer little = stored.slice().order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[little.remaining() / bytes];
    if (this == FLOAT32) {
      little.asFloatBuffer().get(values);
      return values;
    }
    FloatDataLayout<ShortDataBuffer> layout =
        this == BFLOAT16 ? DataLayouts.BFLOAT16 : DataLayouts.FLOAT16;
    short[] bits = new short[values.length];
    little.asShortBuffer().get(bits);
    layout.applyTo(DataBuffers.of(bits)).read(values);
    return values;
  }
}
