package ddim.model;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.family.TType;

/** Collects the inputs and outputs of one signature, each under its own name in the graph. */
public final class SignatureBuilder {
  /** What TensorFlow Serving asks of a signature that predicts. */
  private static final String METHOD = "tensorflow/serving/predict";

  private final String name;
  private final Ops scope;
  private final SignatureDef.Builder definition = SignatureDef.newBuilder().setMethodName(METHOD);

  /**
   * @param tf adds to the graph
   * @param name of the signature, and the scope of its nodes
   */
  public SignatureBuilder(Ops tf, String name) {
    this.name = name;
    this.scope = tf.withSubScope(name);
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** Builds the nodes between inputs and outputs. */
  public Ops ops() {
    return scope;
  }

  /** A new input. */
  public <T extends TType> Operand<T> input(String input, Class<T> type, Shape shape) {
    Placeholder<T> placeholder = scope.withName(input).placeholder(type, Placeholder.shape(shape));
    definition.putInputs(input, info(placeholder));
    return placeholder;
  }

  /** Makes a value an output. */
  public void output(String output, Operand<?> value) {
    definition.putOutputs(output, info(scope.withName("out_" + output).identity(value)));
  }

  /** The signature with all that was put in. */
  public SignatureDef build() {
    return definition.build();
  }

  private static TensorInfo info(Operand<?> operand) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long size : operand.shape().asArray()) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return TensorInfo.newBuilder()
        .setName(operand.op().name() + ":0")
        .setDtype(dataType(operand))
        .setTensorShape(shape)
        .build();
  }

  private static DataType dataType(Operand<?> operand) {
    return operand.asOutput().dataType();
  }
}
