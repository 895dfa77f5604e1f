package ddim.eval.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.eval.SettingsFile;
import ddim.eval.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What has been measured, a file a cell, {@code cells/NAME.json}: each is written whole or not at
 * all, so that whoever is interrupted loses one cell.
 */
final class ResultStore {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;

  private ResultStore(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens the store of a folder.
   *
   * @param settings what all cells depend on
   * @throws IllegalArgumentException if the folder holds results of other settings; names them
   */
  static ResultStore open(Path folder, Map<String, ?> settings) throws IOException {
    Files.createDirectories(folder.resolve("cells"));
    SettingsFile.require(folder.resolve("settings.json"), settings);
    return new ResultStore(folder);
  }

  /** Measures a cell. */
  @FunctionalInterface
  interface Measurement {
    void into(ObjectNode cell) throws IOException;
  }

  /** Whether a cell has been measured. */
  boolean has(String name) {
    return Files.exists(file(name));
  }

  /** What a cell holds; measured now if it was not. */
  JsonNode cell(String name, Measurement measurement) throws IOException {
    Path file = file(name);
    if (Files.exists(file)) {
      try {
        return JSON.readTree(file.toFile());
      } catch (JsonProcessingException e) {
        throw new IOException(file + ": damaged; delete it to measure it again", e);
      }
    }
    ObjectNode cell = JSON.createObjectNode();
    measurement.into(cell);
    WholeFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(cell));
    return cell;
  }

  private Path file(String name) {
    return folder.resolve("cells").resolve(name + ".json");
  }
}
