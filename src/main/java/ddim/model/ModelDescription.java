package ddim.model;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/**
 * What a SavedModel's folder holds, read from its files without loading it into a session.
 *
 * @param spec what the model is; null of a SavedModel that {@code ddim export} did not write
 * @param storage how the graph keeps the weights; null where {@code spec} is
 * @param tags of the graph that is described, the one that serves if there is one
 * @param tensorFlowVersion the version that wrote it; empty if it does not say
 * @param graphBytes the size of {@code saved_model.pb}
 * @param nodes how many operations the graph and its functions have
 * @param variableBytes the size of what {@code variables/} holds; 0 where weights are constants
 * @param signatures what can be called, ordered by name
 */
public record ModelDescription(
    @Nullable ModelSpec spec,
    @Nullable WeightStorage storage,
    List<String> tags,
    String tensorFlowVersion,
    long graphBytes,
    int nodes,
    long variableBytes,
    List<SignatureInfo> signatures) {

  /** One signature; tensors are ordered by name. */
  public record SignatureInfo(String name, List<TensorLine> inputs, List<TensorLine> outputs) {}

  /** One tensor: its name, its type, its shape with ? for what is not known. */
  public record TensorLine(String name, String type, String shape) {}

  /**
   * Reads a version's folder, or that of any other SavedModel.
   *
   * @throws ModelFormatException if a file is missing, damaged or of another kind
   * @throws IOException if a file cannot be read
   */
  public static ModelDescription of(Path folder) throws IOException {
    boolean ours = Files.exists(folder.resolve(ModelFile.NAME)) || !Files.isDirectory(folder);
    ModelFile file = ours ? ModelFiles.check(folder) : null;
    MetaGraphDef meta = serving(ModelFiles.graph(folder));
    List<SignatureInfo> signatures = new ArrayList<>();
    for (Map.Entry<String, SignatureDef> entry :
        new TreeMap<>(meta.getSignatureDefMap()).entrySet()) {
      signatures.add(
          new SignatureInfo(
              entry.getKey(),
              lines(entry.getValue().getInputsMap()),
              lines(entry.getValue().getOutputsMap())));
    }
    return new ModelDescription(
        file == null ? null : file.model(),
        file == null ? null : file.stored(),
        List.copyOf(meta.getMetaInfoDef().getTagsList()),
        meta.getMetaInfoDef().getTensorflowVersion(),
        Files.size(folder.resolve(SavedModelWriter.GRAPH_FILE)),
        nodes(meta.getGraphDef()),
        variableBytes(folder.resolve("variables")),
        signatures);
  }

  private static MetaGraphDef serving(SavedModel model) {
    return model.getMetaGraphsList().stream()
        .filter(meta -> meta.getMetaInfoDef().getTagsList().contains(ModelSignature.TAG))
        .findFirst()
        .orElse(model.getMetaGraphs(0));
  }

  private static int nodes(GraphDef graph) {
    return graph.getNodeCount()
        + graph.getLibrary().getFunctionList().stream()
            .mapToInt(FunctionDef::getNodeDefCount)
            .sum();
  }

  private static long variableBytes(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    long sum = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        sum += Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    return sum;
  }

  private static List<TensorLine> lines(Map<String, TensorInfo> tensors) {
    List<TensorLine> lines = new ArrayList<>();
    for (Map.Entry<String, TensorInfo> entry : new TreeMap<>(tensors).entrySet()) {
      TensorInfo info = entry.getValue();
      List<String> sizes = new ArrayList<>();
      for (TensorShapeProto.Dim dimension : info.getTensorShape().getDimList()) {
        sizes.add(dimension.getSize() < 0 ? "?" : Long.toString(dimension.getSize()));
      }
      boolean anyRank = info.getTensorShape().getUnknownRank();
      String shape = anyRank ? "of any rank" : "[" + String.join(", ", sizes) + "]";
      lines.add(new TensorLine(entry.getKey(), type(info.getDtype()), shape));
    }
    return lines;
  }

  /** The name that people write: TensorFlow's own are float and double. */
  private static String type(DataType type) {
    return switch (type) {
      case DT_FLOAT -> "float32";
      case DT_DOUBLE -> "float64";
      default -> type.name().replaceFirst("^DT_", "").toLowerCase(Locale.ROOT);
    };
  }
}
