package ddim.serve.signature;

import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Set;

/** How a server words what is wrong with the tensors of a request; all are INVALID_ARGUMENT. */
public interface Wording {
  /** How the protocol calls a type. */
  String typeName(ElementType type);

  /** An input is missing, or there is one that the signature does not have. */
  StatusRuntimeException wrongInputs(Signature signature, Set<String> given);

  StatusRuntimeException wrongType(Signature signature, TensorSpec input, String given);

  StatusRuntimeException wrongShape(TensorSpec input, List<Long> given);

  /** An input has not as many rows as those before it. */
  StatusRuntimeException unequalRows(TensorSpec input);

  StatusRuntimeException tooManyRows(int most, long rows);
}
