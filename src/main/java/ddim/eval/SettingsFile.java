package ddim.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What all results of a folder have in common, as a JSON file beside them: who continues with other
 * settings is told the difference.
 */
public final class SettingsFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SettingsFile() {}

  /**
   * Writes the settings, or compares them with those that are there.
   *
   * @throws IllegalArgumentException if they differ; names every entry that does
   * @throws IOException if the file cannot be read or written
   */
  public static void require(Path file, Map<String, ?> settings) throws IOException {
    byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(settings);
    if (!Files.exists(file)) {
      WholeFile.write(file, bytes);
      return;
    }
    List<String> differences = differences(JSON.readTree(file.toFile()), JSON.readTree(bytes));
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "%s: the folder holds results of other settings: %s; choose another folder"
              .formatted(file, String.join("; ", differences)));
    }
  }

  private static List<String> differences(JsonNode stored, JsonNode now) {
    Set<String> names = new TreeSet<>();
    stored.fieldNames().forEachRemaining(names::add);
    now.fieldNames().forEachRemaining(names::add);
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      if (!stored.path(name).equals(now.path(name))) {
        differences.add(
            "%s is %s there, %s now"
                .formatted(name, text(stored.path(name)), text(now.path(name))));
      }
    }
    return differences;
  }

  private static String text(JsonNode value) {
    return value.isMissingNode() ? "absent" : value.toString();
  }
}
