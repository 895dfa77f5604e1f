package ddim.model;

import com.google.protobuf.ByteString;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorProto;

/** Takes the weights out of a SavedModel of ours again: the constants of its {@code unet}. */
public final class SavedModelWeights {
  /** The most values of all weights that may stand for a last one that repeats: 128 MiB. */
  private static final long MOST_REPEATED = 32L << 20;

  private final Path graph;
  private long repeated;

  private SavedModelWeights(Path graph) {
    this.graph = graph;
  }

  /**
   * Reads the weights of a version's folder.
   *
   * @param folder with {@code saved_model.pb} and {@code assets.extra/ddim.json}
   * @throws ModelFormatException if a file is missing, damaged or of another kind, or if the
   *     weights are not those of the description
   * @throws IOException if a file cannot be read
   */
  public static ModelWeights read(Path folder) throws IOException {
    ModelSpec spec = ModelFiles.check(folder).model();
    Path graph = folder.resolve(SavedModelWriter.GRAPH_FILE);
    SavedModelWeights reader = new SavedModelWeights(graph);
    Map<String, TensorProto> constants = constants(ModelFiles.graph(folder));
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec param : ParamSpec.of(spec.unet())) {
      TensorProto constant = constants.get(param.name());
      if (constant != null) {
        values.put(param.name(), reader.floats(constant, param));
      }
    }
    ModelWeights weights =
        new ModelWeights(
            spec.unet(),
            spec.schedule(),
            spec.prediction(),
            spec.dataset(),
            spec.license(),
            spec.trainingStep(),
            values,
            spec.classNames());
    if (!weights.spec().weightsDigest().equals(spec.weightsDigest())) {
      throw new ModelFormatException(
          graph + ": its weights are not those that " + ModelFile.NAME + " describes");
    }
    return weights;
  }

  private static Map<String, TensorProto> constants(SavedModel model) {
    Map<String, TensorProto> constants = new HashMap<>();
    for (FunctionDef function :
        model.getMetaGraphs(0).getGraphDef().getLibrary().getFunctionList()) {
      for (NodeDef node : function.getNodeDefList()) {
        AttrValue value = node.getAttrMap().get("value");
        if (node.getOp().equals("Const") && value != null) {
          constants.put(node.getName(), value.getTensor());
        }
      }
    }
    return constants;
  }

  /** A tensor has its values as bytes or one by one; then the last stands for all that follow. */
  private float[] floats(TensorProto tensor, ParamSpec param) {
    long[] sizes =
        tensor.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray();
    WeightType type = type(tensor.getDtype());
    if (type == null || !Shape.of(sizes).equals(param.shape())) {
      throw new ModelFormatException(
          "%s: '%s' is %s %s, should be floats of %s"
              .formatted(graph, param.name(), tensor.getDtype(), Shape.of(sizes), param.shape()));
    }
    int size = Math.toIntExact(param.size());
    ByteString content = tensor.getTensorContent();
    float[] given =
        type.decode(content.isEmpty() ? single(tensor, type) : content.asReadOnlyByteBuffer());
    if (given.length == 0 || given.length > size || (!content.isEmpty() && given.length < size)) {
      throw new ModelFormatException(
          "%s: '%s' should have %d values".formatted(graph, param.name(), size));
    }
    repeated += size - given.length;
    if (repeated > MOST_REPEATED) {
      throw new ModelFormatException(
          "%s: at most %,d values may stand for ones that repeat; with '%s' it has %,d"
              .formatted(graph, MOST_REPEATED, param.name(), repeated));
    }
    float[] values = Arrays.copyOf(given, size);
    Arrays.fill(values, given.length, size, given[given.length - 1]);
    return values;
  }

  /** The bytes of values that stand one by one. */
  private static ByteBuffer single(TensorProto tensor, WeightType type) {
    int count = type == WeightType.FLOAT32 ? tensor.getFloatValCount() : tensor.getHalfValCount();
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(count, type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      if (type == WeightType.FLOAT32) {
        bytes.putFloat(tensor.getFloatVal(i));
      } else {
        bytes.putShort((short) tensor.getHalfVal(i));
      }
    }
    return bytes.flip();
  }

  private static @Nullable WeightType type(DataType type) {
    return switch (type) {
      case DT_FLOAT -> WeightType.FLOAT32;
      case DT_BFLOAT16 -> WeightType.BFLOAT16;
      case DT_HALF -> WeightType.FLOAT16;
      default -> null;
    };
  }
}
