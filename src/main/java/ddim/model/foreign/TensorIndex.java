package ddim.model.foreign;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import ddim.model.ModelFormatException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/**
 * The index of a TensorFlow checkpoint: a table in LevelDB's format, from names to where the values
 * are. TensorFlow has no operation that lists it, and allocates what an entry claims before it
 * looks at the values; here every claim is checked against the files first.
 */
final class TensorIndex {
  private static final long MAX_BYTES = 64L << 20;
  private static final int MAX_NAME = 4096;

  /** Of all names: written short, by what they share, they could fill the memory. */
  private static final long MAX_NAMES = 64L << 20;

  private static final int FOOTER = 48;
  private static final int TRAILER = 5;
  private static final long MAGIC = 0xdb4775248b80fb57L;

  private final Path prefix;
  private final byte[] bytes;
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private int shards = 1;
  private long names;

  private TensorIndex(Path prefix, byte[] bytes) {
    this.prefix = prefix;
    this.bytes = bytes;
  }

  /**
   * The float32 tensors of a checkpoint; others, such as counters, are left out.
   *
   * @throws ModelFormatException if the index is broken, or claims what the values' files have not
   * @throws IOException if a file cannot be read
   */
  static Map<String, Shape> read(Path prefix) throws IOException {
    Path file = prefix.resolveSibling(prefix.getFileName() + ".index");
    if (!Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": missing");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new ModelFormatException(file + ": too long for an index");
    }
    TensorIndex index = new TensorIndex(prefix, Files.readAllBytes(file));
    try {
      index.readTable();
    } catch (ArithmeticException
        | BufferUnderflowException
        | IndexOutOfBoundsException
        | IllegalArgumentException
        | InvalidProtocolBufferException e) {
      throw new ModelFormatException(file + ": not the index of a checkpoint", e);
    }
    return index.shapes;
  }

  private void readTable() throws IOException {
    if (bytes.length < FOOTER) {
      throw new IllegalArgumentException("too short");
    }
    ByteBuffer footer = buffer(bytes.length - FOOTER, FOOTER);
    if (footer.getLong(FOOTER - Long.BYTES) != MAGIC) {
      throw new IllegalArgumentException("no table");
    }
    varint(footer);
    varint(footer); // where notes on the table are
    Map<String, ByteBuffer> blocks = new LinkedHashMap<>();
    entries(block(footer), blocks::put);
    Map<String, ByteBuffer> found = new LinkedHashMap<>();
    for (ByteBuffer handle : blocks.values()) {
      entries(block(handle), found::put);
    }
    ByteBuffer header = found.remove("");
    if (header == null) {
      throw new IllegalArgumentException("no header");
    }
    shards = BundleHeaderProto.parseFrom(CodedInputStream.newInstance(header)).getNumShards();
    for (Map.Entry<String, ByteBuffer> entry : found.entrySet()) {
      add(entry.getKey(), BundleEntryProto.parseFrom(entry.getValue()));
    }
  }

  private void add(String name, BundleEntryProto entry) throws IOException {
    if (entry.getDtype() != DataType.DT_FLOAT) {
      return;
    }
    Path data =
        prefix.resolveSibling(
            "%s.data-%05d-of-%05d".formatted(prefix.getFileName(), entry.getShardId(), shards));
    long length = Files.isRegularFile(data) ? Files.size(data) : 0;
    long size = Float.BYTES;
    for (TensorShapeProto.Dim dimension : entry.getShape().getDimList()) {
      if (dimension.getSize() < 0
          || (dimension.getSize() > 0 && size > length / dimension.getSize())) {
        throw new ModelFormatException(
            "%s: %s has an impossible shape for the %d bytes of %s"
                .formatted(prefix, name, length, data));
      }
      size *= dimension.getSize();
    }
    if (entry.getSize() != size
        || entry.getOffset() < 0
        || entry.getOffset() > length - size
        || entry.getSlicesCount() > 0) {
      throw new ModelFormatException(
          "%s: %s claims bytes %d to %d of %d in %s"
              .formatted(
                  prefix,
                  name,
                  entry.getOffset(),
                  entry.getOffset() + entry.getSize(),
                  length,
                  data));
    }
    shapes.put(
        name,
        Shape.of(
            entry.getShape().getDimList().stream()
                .mapToLong(TensorShapeProto.Dim::getSize)
                .toArray()));
  }

  /** The block that the next two numbers of a buffer are offset and length of. */
  private ByteBuffer block(ByteBuffer handle) {
    long offset = varint(handle);
    long length = varint(handle);
    if (offset < 0 || length < 0 || length > bytes.length - TRAILER - offset) {
      throw new IllegalArgumentException("a block outside the file");
    }
    if (bytes[(int) (offset + length)] != 0) {
      throw new IllegalArgumentException("a compressed block");
    }
    return buffer((int) offset, (int) length);
  }

  /** Entries share the beginning of their key with the one before. */
  private void entries(ByteBuffer block, BiConsumer<String, ByteBuffer> consumer) {
    int restarts = block.getInt(block.limit() - Integer.BYTES);
    int end = block.limit() - Integer.BYTES - Math.multiplyExact(restarts, Integer.BYTES);
    block.limit(end);
    byte[] key = {};
    while (block.hasRemaining()) {
      int shared = Math.toIntExact(varint(block));
      int rest = Math.toIntExact(varint(block));
      int length = Math.toIntExact(varint(block));
      if (shared < 0
          || shared > key.length
          || rest < 0
          || rest > MAX_NAME - shared
          || length < 0
          || (names += shared + rest) > MAX_NAMES) {
        throw new IllegalArgumentException("a broken key");
      }
      key = Arrays.copyOf(key, shared + rest);
      block.get(key, shared, rest);
      ByteBuffer value = block.slice(block.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      block.position(block.position() + length);
      consumer.accept(new String(key, StandardCharsets.UTF_8), value);
    }
  }

  private static long varint(ByteBuffer buffer) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = buffer.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number without end");
  }

  private ByteBuffer buffer(int offset, int length) {
    return ByteBuffer.wrap(bytes, offset, length).slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
