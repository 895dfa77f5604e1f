package ddim.serve.inference;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import ddim.serve.signature.ElementType;
import ddim.serve.signature.GivenTensor;
import ddim.serve.signature.TensorSpec;
import inference.InferTensorContents;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An input of a request.
 *
 * @param raw its elements; null if they are in the tensor's own lists
 */
record InferInput(InferInputTensor tensor, @Nullable ByteString raw, InferenceWording wording)
    implements GivenTensor {
  /** The inputs of a request by name, each with its elements. */
  static Map<String, InferInput> of(ModelInferRequest request, InferenceWording wording) {
    Map<String, InferInput> inputs = new LinkedHashMap<>();
    boolean isRaw = request.getRawInputContentsCount() > 0;
    int next = 0;
    for (InferInputTensor tensor : request.getInputsList()) {
      String name = tensor.getName();
      if (isRaw && tensor.hasContents()) {
        throw InferenceErrors.invalid(
            "contents field must not be specified when using raw_input_contents for '%s' for model '%s'"
                .formatted(name, wording.model()));
      }
      if (!tensor.hasContents() && next >= request.getRawInputContentsCount()) {
        throw InferenceErrors.invalid(
            "unable to find data for input tensor '%s' for model '%s' in request."
                .formatted(name, wording.model()));
      }
      ByteString raw = isRaw ? request.getRawInputContents(next++) : null;
      if (inputs.put(name, new InferInput(tensor, raw, wording)) != null) {
        throw InferenceErrors.invalid(
            InferenceErrors.request(wording.id())
                + "input '"
                + name
                + "' already exists in request");
      }
    }
    return inputs;
  }

  @Override
  public String type() {
    return tensor.getDatatype();
  }

  @Override
  public List<Long> shape() {
    return tensor.getShapeList();
  }

  @Override
  public ByteString data(TensorSpec input, int bytes) {
    if (raw == null) {
      return typed(input, bytes);
    }
    if (raw.size() != bytes) {
      throw wording.wrongSize(input, bytes, raw.size());
    }
    return raw;
  }

  private ByteString typed(TensorSpec input, int bytes) {
    ElementType type = input.type();
    InferTensorContents contents = tensor.getContents();
    int count =
        switch (type) {
          case FLOAT32 -> contents.getFp32ContentsCount();
          case INT32 -> contents.getIntContentsCount();
          case INT64 -> contents.getInt64ContentsCount();
          case UINT8 -> contents.getUintContentsCount();
        };
    if ((long) count * type.bytes() != bytes) {
      throw wording.wrongSize(input, bytes, (long) count * type.bytes());
    }
    ByteBuffer data = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case FLOAT32 -> contents.getFp32ContentsList().forEach(data::putFloat);
      case INT32 -> contents.getIntContentsList().forEach(data::putInt);
      case INT64 -> contents.getInt64ContentsList().forEach(data::putLong);
      case UINT8 -> contents.getUintContentsList().forEach(value -> data.put(value.byteValue()));
    }
    return UnsafeByteOperations.unsafeWrap(data.array());
  }
}
