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
import org.tensorflow.proto.SignatureDef;

/** Writes weights as a version in a model repository: {@code repository/name/version/}. */
public final class ModelExporter {
  /** 2 GiB less what the rest of a graph takes. */
  private static final long MAX_WEIGHT_BYTES = Integer.MAX_VALUE - (16L << 20);

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
    return export(weights, WeightType.FLOAT32, repository, name, version);
  }

  /**
   * Exports with matrices and kernels in a smaller type, complete or not at all, and measures what
   * that changes; see {@link WeightStorage}.
   *
   * @param type of the weights in the file
   * @return the folder written
   * @throws IllegalArgumentException if the name or version cannot be, or is there already
   * @throws ModelFormatException if the graph is too large for a SavedModel, or the type cannot
   *     hold a weight
   * @throws IOException if the folder cannot be written
   */
  public static Path export(
      ModelWeights weights, WeightType type, Path repository, String name, OptionalLong version)
      throws IOException {
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
    SavedModelWriter.write(target, files(weights, type));
    return target;
  }

  private static Map<String, byte[]> files(ModelWeights exact, WeightType type) {
    ModelWeights weights = WeightRounding.round(exact, type);
    ModelSpec spec = weights.spec();
    requireFits(spec.parameters(), type);
    WeightStorage storage =
        type == WeightType.FLOAT32
            ? WeightStorage.EXACT
            : WeightRounding.measure(exact, weights, type);
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (Graph graph = new Graph()) {
      Map<String, SignatureDef> signatures = ModelGraph.build(graph, weights, type);
      byte[] graphBytes = SavedModelWriter.bytes(graph, signatures);
      files.put(SavedModelWriter.GRAPH_FILE, graphBytes);
      files.put(ModelFile.NAME, ModelFile.of(spec, storage, digest(graphBytes)).toJson());
      files.put(WarmUpRequests.NAME, WarmUpRequests.bytes(signatures));
    }
    files.put(ModelCard.NAME, ModelCard.of(spec, storage));
    return files;
  }

  /**
   * A protocol buffer has at most 2 GiB, and the weights are in one.
   *
   * @throws ModelFormatException if they are too many
   */
  static void requireFits(long parameters, WeightType type) {
    long bytes = Math.multiplyExact(parameters, type.bytes());
    if (bytes > MAX_WEIGHT_BYTES) {
      throw new ModelFormatException(
          "the model has %,d bytes of weights; a SavedModel's graph may have 2 GiB, %,d of them weights"
              .formatted(bytes, MAX_WEIGHT_BYTES));
    }
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
