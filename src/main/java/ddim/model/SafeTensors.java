package ddim.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.ndarray.Shape;

/**
 * A safetensors file, read tensor by tensor: arrays of F32, F16 or BF16 by name behind a JSON
 * header, all of them read as float32.
 *
 * <p>Nothing that the header claims is believed before it is checked against the file's length, so
 * a broken file ends in a {@link ModelFormatException}, not in a large allocation.
 */
public final class SafeTensors implements WeightFile {
  /** The longest header read: the format's own limit. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  private static final Map<String, WeightType> TYPES =
      Map.of("F32", WeightType.FLOAT32, "F16", WeightType.FLOAT16, "BF16", WeightType.BFLOAT16);

  private static final String METADATA = "__metadata__";

  private record Entry(WeightType type, Shape shape, long offset) {}

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafeTensors(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws ModelFormatException if it is no safetensors file of such tensors
   * @throws IOException if it cannot be read
   */
  public static SafeTensors open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      SafeTensors tensors = new SafeTensors(file, channel);
      tensors.readHeader();
      return tensors;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public Set<String> names() {
    return entries.keySet();
  }

  /** The free texts of the file. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public Shape shape(String name) {
    return entry(name).shape();
  }

  @Override
  public float[] floats(String name) throws IOException {
    Entry entry = entry(name);
    int count = Math.toIntExact(entry.shape().size());
    return entry
        .type()
        .decode(read(entry.offset(), Math.multiplyExact(count, entry.type().bytes())));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw broken("has no tensor '" + name + "'");
    }
    return entry;
  }

  private void readHeader() throws IOException {
    long length = channel.size();
    if (length < Long.BYTES) {
      throw broken("is " + length + " bytes long, shorter than the length of a header");
    }
    long header = read(0, Long.BYTES).getLong();
    if (header < 2 || header > MAX_HEADER_BYTES || header > length - Long.BYTES) {
      throw broken("claims a header of " + header + " bytes in a file of " + length);
    }
    String json = StandardCharsets.UTF_8.decode(read(Long.BYTES, (int) header)).toString();
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(json);
    } catch (JsonProcessingException e) {
      throw new ModelFormatException(file + ": the header is not JSON", e);
    }
    if (root == null || !root.isObject()) {
      throw broken("the header is not a JSON object");
    }
    long data = Long.BYTES + header;
    for (Iterator<Map.Entry<String, JsonNode>> it = root.fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> field = it.next();
      if (field.getKey().equals(METADATA)) {
        field
            .getValue()
            .fields()
            .forEachRemaining(e -> metadata.put(e.getKey(), e.getValue().asText()));
      } else {
        entries.put(field.getKey(), entry(field.getKey(), field.getValue(), data, length));
      }
    }
  }

  private Entry entry(String name, JsonNode node, long data, long length) {
    WeightType type = TYPES.get(node.path("dtype").asText());
    if (type == null) {
      throw broken(
          "tensor '"
              + name
              + "' is of type "
              + node.path("dtype")
              + ", should be one of "
              + new TreeSet<>(TYPES.keySet()));
    }
    JsonNode dimensions = node.path("shape");
    JsonNode offsets = node.path("data_offsets");
    if (!dimensions.isArray() || offsets.size() != 2) {
      throw broken("tensor '" + name + "' lacks shape or data_offsets");
    }
    long[] shape = new long[dimensions.size()];
    long bytes = type.bytes();
    for (int i = 0; i < shape.length; i++) {
      shape[i] = dimensions.get(i).asLong(-1);
      if (shape[i] < 0 || (shape[i] > 0 && bytes > length / shape[i])) {
        throw broken("tensor '" + name + "' has the impossible shape " + dimensions);
      }
      bytes *= shape[i];
    }
    long begin = offsets.get(0).asLong(-1);
    long end = offsets.get(1).asLong(-1);
    if (begin < 0 || end - begin != bytes || end > length - data) {
      throw broken(
          "tensor '"
              + name
              + "' of "
              + bytes
              + " bytes claims the bytes "
              + offsets
              + " of "
              + (length - data));
    }
    return new Entry(type, Shape.of(shape), data + begin);
  }

  private ByteBuffer read(long position, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw broken("ends early");
      }
    }
    return buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
  }

  private ModelFormatException broken(String what) {
    return new ModelFormatException(file + ": " + what);
  }
}
