package ddim.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.tensorflow.Graph;

/** Writes weights as a version in a model repository: {@code repository/name/version/}. */
public final class ModelExporter {
  private ModelExporter() {}

  /**
   * Exports complete or not at all; equal weights give equal bytes.
   *
   * @param weights the model
   * @param repository the folder of all models
   * @param name of the model: letters, digits, dots, dashes and underscores
   * @param version above 0; the one after the highest that is there if empty
   * @return the folder written
   * @throws IllegalArgumentException if the name or version cannot be, or is there already
   * @throws ModelFormatException if the graph is too large for a SavedModel
   * @throws IOException if the folder cannot be written
   */
  public static Path export(
      ModelWeights weights, Path repository, String name, OptionalLong version) throws IOException {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "name must be letters, digits, dots, dashes and underscores, is '" + name + "'");
    }
    Path folder = repository.resolve(name);
    long number = version.isPresent() ? version.getAsLong() : highest(folder) + 1;
    if (number < 1) {
      throw new IllegalArgumentException("version must be 1 or more, is " + number);
    }
    Path target = folder.resolve(Long.toString(number));
    if (Files.exists(target)) {
      throw new IllegalArgumentException(target + " is there already");
    }
    SavedModelWriter.write(target, files(weights));
    return target;
  }

  private static Map<String, byte[]> files(ModelWeights weights) {
    byte[] graphBytes;
    try (Graph graph = new Graph()) {
      graphBytes = SavedModelWriter.bytes(graph, ModelGraph.build(graph, weights));
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(SavedModelWriter.GRAPH_FILE, graphBytes);
    files.put(ModelFile.NAME, ModelFile.of(weights.spec(), digest(graphBytes)).toJson());
    return files;
  }

  static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long highest(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    try (Stream<Path> versions = Files.list(folder)) {
      return versions
          .map(path -> path.getFileName().toString())
          .filter(text -> text.matches("[1-9][0-9]{0,17}"))
          .mapToLong(Long::parseLong)
          .max()
          .orElse(0);
    }
  }
}
