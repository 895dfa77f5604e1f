package ddim.model.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import ddim.model.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The keys of a JSON configuration, asked for one by one; what is wrong with any of them is
 * collected, so that one error can name it all.
 */
final class JsonKeys {
  /** Longer than any configuration. */
  private static final long MAX_BYTES = 1 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode root;
  private final Set<String> asked = new HashSet<>();
  private final List<String> wrong = new ArrayList<>();

  private JsonKeys(JsonNode root) {
    this.root = root;
  }

  /**
   * @throws ModelFormatException if the file is no JSON object
   * @throws IOException if it cannot be read
   */
  static JsonKeys read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new ModelFormatException(file + ": too long for a configuration");
    }
    JsonNode root;
    try {
      root = JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new ModelFormatException(file + ": not JSON", e);
    }
    if (root == null || !root.isObject()) {
      throw new ModelFormatException(file + ": not a JSON object");
    }
    return new JsonKeys(root);
  }

  /** What is wrong so far. */
  List<String> wrong() {
    return wrong;
  }

  void problem(String text) {
    wrong.add(text);
  }

  /** The value of a key; null where it is absent or null. */
  JsonNode get(String key) {
    asked.add(key);
    JsonNode value = root.get(key);
    return value == null ? NullNode.getInstance() : value;
  }

  boolean has(String key) {
    return root.has(key);
  }

  /** A whole number within bounds; the default where the key is absent. */
  int integer(String key, int otherwise, int min, int max) {
    JsonNode value = get(key);
    if (!has(key)) {
      return otherwise;
    }
    if (!value.isInt() || value.intValue() < min || value.intValue() > max) {
      problem("%s must be a whole number from %d to %d, is %s".formatted(key, min, max, value));
      return otherwise;
    }
    return value.intValue();
  }

  double number(String key, double otherwise) {
    JsonNode value = get(key);
    if (!has(key)) {
      return otherwise;
    }
    if (!value.isNumber()) {
      problem("%s must be a number, is %s".formatted(key, value));
      return otherwise;
    }
    return value.doubleValue();
  }

  boolean flag(String key, boolean otherwise) {
    JsonNode value = get(key);
    if (!has(key)) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      problem("%s must be true or false, is %s".formatted(key, value));
      return otherwise;
    }
    return value.booleanValue();
  }

  String text(String key, String otherwise) {
    JsonNode value = get(key);
    return has(key) ? value.asText() : otherwise;
  }

  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    get(key).forEach(node -> texts.add(node.asText()));
    return texts;
  }

  /** Demands one of some JSON values, where absent means {@code otherwise}. */
  void require(String key, String otherwise, String... allowed) {
    JsonNode value = get(key);
    String text = has(key) ? value.toString() : otherwise;
    if (!List.of(allowed).contains(text)) {
      problem(
          "%s must be %s, is %s%s"
              .formatted(key, String.join(" or ", allowed), text, has(key) ? "" : ", its default"));
    }
  }

  /** Every key that nobody asked for is a problem, save notes, which begin with an underscore. */
  void refuseOthers() {
    root.fieldNames()
        .forEachRemaining(
            key -> {
              if (!asked.contains(key) && !key.startsWith("_")) {
                problem("%s is not known, is %s".formatted(key, root.get(key)));
              }
            });
  }
}
