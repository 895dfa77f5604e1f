package ddim.model;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.tensorflow.Graph;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.OpList;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;

/**
 * Writes a graph as a SavedModel: {@code saved_model.pb}, {@code assets.extra/ddim.json} and what
 * else a version's folder holds, whole or not at all.
 *
 * <p>TensorFlow Java's own exporter leaves out the version of TensorFlow, the schema version and
 * the list of operations; other runtimes read them.
 */
public final class SavedModelWriter {
  /** The file with the graph. */
  public static final String GRAPH_FILE = "saved_model.pb";

  private static final long SCHEMA_VERSION = 1;

  private SavedModelWriter() {}

  /** The bytes of {@code saved_model.pb}; equal graphs give equal bytes. */
  public static byte[] bytes(Graph graph, Map<String, SignatureDef> signatures) {
    GraphDef definition = CanonicalGraph.of(graph.toGraphDef());
    MetaGraphDef.MetaInfoDef info =
        MetaGraphDef.MetaInfoDef.newBuilder()
            .addTags(ModelSignature.TAG)
            .setTensorflowVersion(TensorFlow.version())
            .setStrippedDefaultAttrs(true)
            .setStrippedOpList(usedOperations(definition))
            .build();
    SavedModel model =
        SavedModel.newBuilder()
            .setSavedModelSchemaVersion(SCHEMA_VERSION)
            .addMetaGraphs(
                MetaGraphDef.newBuilder()
                    .setMetaInfoDef(info)
                    .setGraphDef(definition)
                    .putAllSignatureDef(signatures))
            .build();
    return deterministic(model);
  }

  /**
   * Writes a version's folder.
   *
   * @param folder must not exist
   * @param files contents by path within the folder
   */
  public static void write(Path folder, Map<String, byte[]> files) throws IOException {
    WholeFolder.make(
        folder,
        empty -> {
          for (Map.Entry<String, byte[]> entry : files.entrySet()) {
            Path file = empty.resolve(entry.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, entry.getValue());
          }
        });
  }

  private static OpList usedOperations(GraphDef definition) {
    TreeSet<String> used = new TreeSet<>();
    definition.getNodeList().forEach(node -> used.add(node.getOp()));
    for (FunctionDef function : definition.getLibrary().getFunctionList()) {
      for (NodeDef node : function.getNodeDefList()) {
        used.add(node.getOp());
      }
    }
    OpList.Builder list = OpList.newBuilder();
    for (OpDef op : TensorFlow.registeredOpList().getOpList()) {
      if (used.contains(op.getName())) {
        list.addOp(op.toBuilder().clearDescription().clearSummary());
      }
    }
    return list.build();
  }

  private static byte[] deterministic(MessageLite message) {
    int size = message.getSerializedSize();
    if (size < 0) {
      throw new ModelFormatException(
          "the model is larger than 2 GiB, the limit of a " + GRAPH_FILE);
    }
    byte[] bytes = new byte[size];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      message.writeTo(out);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    out.checkNoSpaceLeft();
    return bytes;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
