package ddim.serve.tensorflow;

import ddim.model.ModelSpec;
import ddim.serve.signature.Signature;
import ddim.serve.signature.TensorSpec;
import tensorflow.SignatureDef;
import tensorflow.TensorInfo;
import tensorflow.serving.SignatureDefMap;

/** The signatures of a model as its SavedModel has them. */
final class SignatureDefs {
  private static final String METHOD = "tensorflow/serving/predict";

  private SignatureDefs() {}

  static SignatureDefMap of(ModelSpec model) {
    SignatureDefMap.Builder map = SignatureDefMap.newBuilder();
    Signature.of(model).forEach(signature -> map.putSignatureDef(signature.name(), of(signature)));
    return map.build();
  }

  private static SignatureDef of(Signature signature) {
    SignatureDef.Builder def = SignatureDef.newBuilder().setMethodName(METHOD);
    signature.inputs().forEach(input -> def.putInputs(input.name(), info(input)));
    signature.outputs().forEach(output -> def.putOutputs(output.name(), info(output)));
    return def.build();
  }

  private static TensorInfo info(TensorSpec tensor) {
    return TensorInfo.newBuilder()
        .setName(tensor.node())
        .setDtype(TensorProtos.dataType(tensor.type()))
        .setTensorShape(TensorProtos.shape(tensor.shape()))
        .build();
  }
}
