package ddim.serve.tensorflow;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import ddim.serve.signature.ElementType;
import ddim.serve.signature.GivenTensor;
import ddim.serve.signature.Tensor;
import ddim.serve.signature.TensorSpec;
import io.grpc.StatusRuntimeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import tensorflow.DataType;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;

/** Tensors as TensorFlow's clients send and read them. */
final class TensorProtos {
  /** A message may be this much smaller than its tensors, and not more. */
  private static final int MOST_REPEATED_BYTES = 4 << 20;

  private TensorProtos() {}

  static DataType dataType(ElementType type) {
    return switch (type) {
      case FLOAT32 -> DataType.DT_FLOAT;
      case INT32 -> DataType.DT_INT32;
      case INT64 -> DataType.DT_INT64;
      case UINT8 -> DataType.DT_UINT8;
    };
  }

  static TensorShapeProto shape(List<Long> shape) {
    TensorShapeProto.Builder proto = TensorShapeProto.newBuilder();
    shape.forEach(size -> proto.addDim(TensorShapeProto.Dim.newBuilder().setSize(size)));
    return proto.build();
  }

  /** Always with tensor_content: typed lists would box every number. */
  static TensorProto write(Tensor tensor) {
    return TensorProto.newBuilder()
        .setDtype(dataType(tensor.type()))
        .setTensorShape(shape(tensor.shape()))
        .setTensorContent(tensor.data())
        .build();
  }

  /** A tensor of a request. */
  record Given(TensorProto proto) implements GivenTensor {
    @Override
    public String type() {
      return proto.getDtype().name();
    }

    @Override
    public List<Long> shape() {
      return proto.getTensorShape().getDimList().stream()
          .map(TensorShapeProto.Dim::getSize)
          .toList();
    }

    @Override
    public ByteString data(TensorSpec input, int bytes) {
      ByteString content = proto.getTensorContent();
      if (!content.isEmpty()) {
        if (content.size() != bytes) {
          throw broken(input, "has " + content.size() + " bytes of content instead of " + bytes);
        }
        return content;
      }
      int elements = bytes / input.type().bytes();
      int given = typedCount(input.type());
      if (given > elements) {
        throw broken(input, "has " + given + " values for " + elements + " elements");
      }
      if (given < elements && bytes > MOST_REPEATED_BYTES) {
        throw broken(
            input,
            "at most " + MOST_REPEATED_BYTES + " bytes may be given by repetition, are " + bytes);
      }
      return typed(input.type(), elements, given);
    }

    private static StatusRuntimeException broken(TensorSpec input, String why) {
      return ServingErrors.invalid("tensor parsing error: " + input.name() + ": " + why);
    }

    private int typedCount(ElementType type) {
      return switch (type) {
        case FLOAT32 -> proto.getFloatValCount();
        case INT32, UINT8 -> proto.getIntValCount();
        case INT64 -> proto.getInt64ValCount();
      };
    }

    /** The typed values; the last one goes on to the end. */
    private ByteString typed(ElementType type, int elements, int given) {
      ByteBuffer data = ByteBuffer.allocate(elements * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < elements && given > 0; i++) {
        int from = Math.min(i, given - 1);
        switch (type) {
          case FLOAT32 -> data.putFloat(proto.getFloatVal(from));
          case INT32 -> data.putInt(proto.getIntVal(from));
          case INT64 -> data.putLong(proto.getInt64Val(from));
          case UINT8 -> data.put((byte) proto.getIntVal(from));
        }
      }
      return UnsafeByteOperations.unsafeWrap(data.array());
    }
  }
}
