package ddim.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/**
 * What a SavedModel's folder holds, read from its files without loading it into a session.
 *
 * @param spec what the model is
 * @param tensorFlowVersion the version that wrote it
 * @param graphBytes the size of {@code saved_model.pb}
 * @param signatures what can be called, ordered by name
 */
public record ModelDescription(
    ModelSpec spec, String tensorFlowVersion, long graphBytes, List<SignatureInfo> signatures) {

  /** One signature; tensors are ordered by name. */
  public record SignatureInfo(String name, List<TensorLine> inputs, List<TensorLine> outputs) {}

  /** One tensor: its name, its type, its shape with ? for what is not known. */
  public record TensorLine(String name, String type, String shape) {}

  /**
   * Reads a version's folder.
   *
   * @throws ModelFormatException if a file is missing, damaged or of another kind
   * @throws IOException if a file cannot be read
   */
  public static ModelDescription of(Path folder) throws IOException {
    ModelSpec spec = ModelFiles.check(folder).model();
    Path graph = folder.resolve(SavedModelWriter.GRAPH_FILE);
    MetaGraphDef meta = SavedModel.parseFrom(Files.readAllBytes(graph)).getMetaGraphs(0);
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
        spec, meta.getMetaInfoDef().getTensorflowVersion(), Files.size(graph), signatures);
  }

  private static List<TensorLine> lines(Map<String, TensorInfo> tensors) {
    List<TensorLine> lines = new ArrayList<>();
    for (Map.Entry<String, TensorInfo> entry : new TreeMap<>(tensors).entrySet()) {
      TensorInfo info = entry.getValue();
      List<String> sizes = new ArrayList<>();
      for (TensorShapeProto.Dim dimension : info.getTensorShape().getDimList()) {
        sizes.add(dimension.getSize() < 0 ? "?" : Long.toString(dimension.getSize()));
      }
      lines.add(
          new TensorLine(
              entry.getKey(), type(info.getDtype()), "[" + String.join(", ", sizes) + "]"));
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
