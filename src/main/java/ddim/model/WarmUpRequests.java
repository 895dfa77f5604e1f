package ddim.model;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/**
 * {@code assets.extra/tf_serving_warmup_requests}: one request a signature, which TensorFlow
 * Serving runs before it says that a model is there, so that the first caller does not wait.
 *
 * <p>A TFRecord file of {@code tensorflow.serving.PredictionLog}. The few fields used are written
 * by number: predict_log 6, request 1; model_spec 1 with signature_name 3; inputs 2, a map.
 */
final class WarmUpRequests {
  static final String NAME = "assets.extra/tf_serving_warmup_requests";

  private static final int KEY = 1;
  private static final int VALUE = 2;

  private WarmUpRequests() {}

  /** The file's bytes; equal signatures give equal bytes. */
  static byte[] bytes(Map<String, SignatureDef> signatures) {
    ByteString records = ByteString.EMPTY;
    for (Map.Entry<String, SignatureDef> entry : new TreeMap<>(signatures).entrySet()) {
      ByteString request = request(entry.getKey(), entry.getValue());
      records =
          records.concat(
              ByteString.copyFrom(TfRecord.of(message(6, message(1, request)).toByteArray())));
    }
    return records.toByteArray();
  }

  private static ByteString request(String name, SignatureDef signature) {
    ByteString spec = message(3, ByteString.copyFromUtf8(name));
    Field.Builder inputs = Field.newBuilder();
    new TreeMap<>(signature.getInputsMap())
        .forEach(
            (input, info) ->
                inputs.addLengthDelimited(
                    message(KEY, ByteString.copyFromUtf8(input))
                        .concat(message(VALUE, ones(info).toByteString()))));
    return message(1, spec)
        .concat(UnknownFieldSet.newBuilder().addField(2, inputs.build()).build().toByteString());
  }

  /** A tensor of ones with one row; unknown sizes are 1. One value stands for all. */
  private static TensorProto ones(TensorInfo info) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (TensorShapeProto.Dim dimension : info.getTensorShape().getDimList()) {
      shape.addDim(
          TensorShapeProto.Dim.newBuilder().setSize(Math.max(1, dimension.getSize())).build());
    }
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setDtype(info.getDtype()).setTensorShape(shape);
    return switch (info.getDtype()) {
      case DT_FLOAT -> tensor.addFloatVal(1).build();
      case DT_INT32 -> tensor.addIntVal(1).build();
      case DT_INT64 -> tensor.addInt64Val(1).build();
      default -> throw new IllegalStateException("an input of type " + info.getDtype());
    };
  }

  private static ByteString message(int field, ByteString content) {
    return UnknownFieldSet.newBuilder()
        .addField(field, Field.newBuilder().addLengthDelimited(content).build())
        .build()
        .toByteString();
  }
}
