package ddim.diffusion;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The files of numbers in src/test/resources/golden. */
public final class Goldens {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Goldens() {}

  /** The content of a file in the golden folder of the class path. */
  public static JsonNode read(String file) {
    try (InputStream in =
        Objects.requireNonNull(Goldens.class.getResourceAsStream("/golden/" + file), file)) {
      return JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  static JsonNode read(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(file.toString(), e);
    }
  }

  /** The spacing that the files mean by a name: their quadratic is the one of the paper's code. */
  static Spacing spacing(String name) {
    return name.equals("quadratic") ? Spacing.PAPER_QUAD : Spacing.named(name);
  }

  static int[] ints(JsonNode array) {
    return stream(array).mapToInt(JsonNode::asInt).toArray();
  }

  static double[] doubles(JsonNode array) {
    return stream(array).mapToDouble(JsonNode::asDouble).toArray();
  }

  static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
