package ddim.serve.signature;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Numbers of a request or a reply.
 *
 * @param shape the first dimension is the batch
 * @param data the elements, little endian, row by row
 */
public record Tensor(ElementType type, List<Long> shape, ByteString data) {
  public Tensor {
    shape = List.copyOf(shape);
  }

  /** One number again and again, one a row. */
  static Tensor constant(ElementType type, int rows, Number value) {
    ByteBuffer data = allocate((long) rows * type.bytes());
    for (int i = 0; i < rows; i++) {
      switch (type) {
        case FLOAT32 -> data.putFloat(value.floatValue());
        case INT32 -> data.putInt(value.intValue());
        case INT64 -> data.putLong(value.longValue());
        case UINT8 -> data.put(value.byteValue());
      }
    }
    return of(type, List.of(), rows, data);
  }

  /** One array a row. */
  static Tensor ofFloats(List<Long> rowShape, List<float[]> rows) {
    ByteBuffer data =
        allocate(rows.stream().mapToLong(row -> (long) Float.BYTES * row.length).sum());
    for (float[] row : rows) {
      data.asFloatBuffer().put(row);
      data.position(data.position() + Float.BYTES * row.length);
    }
    return of(ElementType.FLOAT32, rowShape, rows.size(), data);
  }

  /** 8-bit pixels of images in [-1, 1], rounded as the exported graph does it: halves to even. */
  static Tensor ofPixels(List<Long> rowShape, List<float[]> rows) {
    ByteBuffer data = allocate(rows.stream().mapToLong(row -> row.length).sum());
    for (float[] row : rows) {
      for (float x : row) {
        data.put((byte) Math.max(0, Math.min(255, (int) Math.rint((x + 1) * 127.5f))));
      }
    }
    return of(ElementType.UINT8, rowShape, rows.size(), data);
  }

  private static Tensor of(ElementType type, List<Long> rowShape, int rows, ByteBuffer data) {
    List<Long> shape = new ArrayList<>(List.of((long) rows));
    shape.addAll(rowShape);
    return new Tensor(type, shape, UnsafeByteOperations.unsafeWrap(data.flip()));
  }

  int rows() {
    return Math.toIntExact(shape.get(0));
  }

  /** All numbers of an int64 tensor. */
  long[] longs() {
    long[] values = new long[data.size() / Long.BYTES];
    buffer().asLongBuffer().get(values);
    return values;
  }

  /** All numbers of an int32 tensor. */
  int[] ints() {
    int[] values = new int[data.size() / Integer.BYTES];
    buffer().asIntBuffer().get(values);
    return values;
  }

  /** All numbers of a float32 tensor. */
  float[] floats() {
    float[] values = new float[data.size() / Float.BYTES];
    buffer().asFloatBuffer().get(values);
    return values;
  }

  /** The numbers of a float32 tensor row by row. */
  List<float[]> floatRows() {
    int size = data.size() / Float.BYTES / rows();
    List<float[]> all = new ArrayList<>();
    for (int i = 0; i < rows(); i++) {
      float[] row = new float[size];
      buffer().asFloatBuffer().position(i * size).get(row);
      all.add(row);
    }
    return all;
  }

  private ByteBuffer buffer() {
    return data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer allocate(long bytes) {
    return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
