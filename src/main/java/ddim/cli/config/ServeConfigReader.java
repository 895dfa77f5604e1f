package ddim.cli.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads {@link ServeConfig}: the defaults, changed by a file, changed by flags. */
public final class ServeConfigReader {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS) // on and off
          .build();

  private ServeConfigReader() {}

  /** The defaults as a file, with what each key means. */
  public static String documentation() {
    try (InputStream in = ServeConfigReader.class.getResourceAsStream("serve.yaml")) {
      return new String(
          Objects.requireNonNull(in, "serve.yaml").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a configuration.
   *
   * @param file a YAML file with the keys that differ from the defaults; null for none
   * @param flags values as YAML by key, such as {@code server.port}; they go before the file
   * @throws IllegalArgumentException if there is an unknown key or a value of another type; the
   *     message has the source, the key, the value and the rule, or the nearest key
   * @throws IOException if the file cannot be read
   */
  public static ServeConfig read(@Nullable Path file, Map<String, String> flags)
      throws IOException {
    ConfigTree tree = new ConfigTree((ObjectNode) YAML.readTree(documentation()));
    if (file != null) {
      inSource(file.toString(), () -> tree.merge(parse(Files.readString(file))));
      inSource(file.toString(), () -> bind(tree)); // so that its faults are said to be its
    }
    for (Map.Entry<String, String> flag : flags.entrySet()) {
      inSource(
          "--set " + flag.getKey() + "=" + flag.getValue(),
          () -> {
            tree.set(flag.getKey(), parse(flag.getValue()));
            return bind(tree);
          });
    }
    return bind(tree);
  }

  private static JsonNode parse(String text) throws IOException {
    try {
      return YAML.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not YAML: " + firstLine(e), e);
    }
  }

  private static ServeConfig bind(ConfigTree tree) {
    try {
      return YAML.treeToValue(tree.root(), ServeConfig.class);
    } catch (UnrecognizedPropertyException e) { // of a model: all others have been looked at
      throw new IllegalArgumentException("unknown key " + key(e) + "; there are " + known(e), e);
    } catch (MismatchedInputException e) {
      String key = key(e);
      throw new IllegalArgumentException(
          "%s must be %s, is %s".formatted(key, rule(e.getTargetType()), tree.value(key)), e);
    } catch (JsonMappingException e) {
      throw new IllegalArgumentException(key(e) + ": " + firstLine(e), e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String known(UnrecognizedPropertyException e) {
    return e.getKnownPropertyIds().stream().map(String::valueOf).sorted().toList().toString();
  }

  private static String key(JsonMappingException e) {
    return e.getPath().stream()
        .map(step -> step.getFieldName() == null ? "" + step.getIndex() : step.getFieldName())
        .collect(Collectors.joining("."));
  }

  private static String rule(@Nullable Class<?> type) {
    if (type == null) {
      return "something else";
    }
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
          .collect(Collectors.joining(", ", "one of ", ""));
    }
    return switch (type.getSimpleName()) {
      case "int", "long", "Integer", "Long" -> "a whole number";
      case "double" -> "a number";
      case "boolean" -> "true or false";
      case "String", "Path" -> "text";
      case "List" -> "a list";
      default -> "a map of keys";
    };
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static void inSource(String source, Step step) throws IOException {
    try {
      step.run();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(source + ": " + e.getMessage(), e);
    }
  }

  private interface Step {
    Object run() throws IOException;
  }
}
