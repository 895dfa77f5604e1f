package ddim.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;

/**
 * The JSON header of a safetensors file: what each tensor is, and where. It is read token by token,
 * so that a hostile one is not made into objects before it is found out.
 *
 * <p>As the format wants it, every byte behind the header belongs to exactly one tensor.
 */
final class SafeTensorsHeader {
  /** One tensor; its bytes are from {@code begin} to before {@code end}, behind the header. */
  record Entry(WeightType type, Shape shape, long begin, long end) {}

  private static final Map<String, WeightType> TYPES =
      Map.of("F32", WeightType.FLOAT32, "F16", WeightType.FLOAT16, "BF16", WeightType.BFLOAT16);

  private static final String METADATA = "__metadata__";
  private static final int MAX_DIMENSIONS = 8;

  private final JsonParser parser;
  private final long dataBytes;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafeTensorsHeader(JsonParser parser, long dataBytes) {
    this.parser = parser;
    this.dataBytes = dataBytes;
  }

  /**
   * Reads a header.
   *
   * @param json the header
   * @param dataBytes how many bytes are behind it
   * @throws ModelFormatException saying what is wrong, without the name of the file
   */
  static SafeTensorsHeader parse(byte[] json, long dataBytes) {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      SafeTensorsHeader header = new SafeTensorsHeader(parser, dataBytes);
      header.readEntries();
      header.requireNoHolesOrOverlaps();
      return header;
    } catch (IOException e) {
      throw new ModelFormatException("the header is not JSON", e);
    }
  }

  /** The tensors by name, in the order of the header. */
  Map<String, Entry> entries() {
    return entries;
  }

  /** The free texts of the file. */
  Map<String, String> metadata() {
    return metadata;
  }

  private void readEntries() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new ModelFormatException("the header is not a JSON object");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals(METADATA)) {
        readMetadata();
      } else if (entries.put(name, readEntry(name)) != null) {
        throw broken(name, "is there twice");
      }
    }
    JsonToken after = parser.nextToken();
    if (after != null) {
      throw new ModelFormatException("the header has more than one JSON object");
    }
  }

  private void readMetadata() throws IOException {
    require(parser.currentToken() == JsonToken.START_OBJECT, METADATA, "is not an object");
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      require(parser.nextToken() == JsonToken.VALUE_STRING, METADATA, "has what is not text");
      metadata.put(key, parser.getText());
    }
  }

  private Entry readEntry(String name) throws IOException {
    require(parser.currentToken() == JsonToken.START_OBJECT, name, "is not an object");
    WeightType type = null;
    long[] shape = null;
    long[] offsets = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      switch (key) {
        case "dtype" -> type = type(name);
        case "shape" -> shape = numbers(name, key);
        case "data_offsets" -> offsets = numbers(name, key);
        default -> throw broken(name, "has the unknown key '" + key + "'");
      }
    }
    if (type == null || shape == null || offsets == null || offsets.length != 2) {
      throw broken(name, "lacks dtype, shape or two data_offsets");
    }
    return entry(name, type, shape, offsets);
  }

  private @Nullable WeightType type(String name) throws IOException {
    String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : "";
    WeightType type = TYPES.get(text);
    if (type == null) {
      throw broken(
          name, "is of type \"" + text + "\", should be one of " + new TreeSet<>(TYPES.keySet()));
    }
    return type;
  }

  private long[] numbers(String name, String key) throws IOException {
    require(parser.currentToken() == JsonToken.START_ARRAY, name, "has no list as " + key);
    List<Long> numbers = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      boolean whole =
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
      require(
          whole && parser.getLongValue() >= 0 && numbers.size() < MAX_DIMENSIONS,
          name,
          "has an impossible " + key);
      numbers.add(parser.getLongValue());
    }
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private Entry entry(String name, WeightType type, long[] shape, long[] offsets) {
    long bytes = type.bytes();
    for (long size : shape) {
      if (size > 0 && bytes > dataBytes / size) {
        throw broken(name, "has the impossible shape " + Shape.of(shape));
      }
      bytes *= size;
    }
    if (offsets[1] > dataBytes || offsets[1] - offsets[0] != bytes) {
      throw broken(
          name,
          "of %d bytes claims the bytes from %d to %d of %d"
              .formatted(bytes, offsets[0], offsets[1], dataBytes));
    }
    return new Entry(type, Shape.of(shape), offsets[0], offsets[1]);
  }

  /** Else a small file could stand for many large tensors. */
  private void requireNoHolesOrOverlaps() {
    List<Map.Entry<String, Entry>> byPlace = new ArrayList<>(entries.entrySet());
    byPlace.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long end = 0;
    for (Map.Entry<String, Entry> entry : byPlace) {
      if (entry.getValue().begin() != end) {
        throw broken(
            entry.getKey(),
            "begins at byte %d, should at %d, where the one before ends"
                .formatted(entry.getValue().begin(), end));
      }
      end = entry.getValue().end();
    }
    if (end != dataBytes) {
      throw new ModelFormatException(
          "has %d bytes of data, of which %d belong to no tensor"
              .formatted(dataBytes, dataBytes - end));
    }
  }

  private static void require(boolean holds, String name, String what) {
    if (!holds) {
      throw broken(name, what);
    }
  }

  private static ModelFormatException broken(String name, String what) {
    return new ModelFormatException("tensor '" + name + "' " + what);
  }
}
