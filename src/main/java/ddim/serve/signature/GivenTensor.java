package ddim.serve.signature;

import com.google.protobuf.ByteString;
import java.util.List;

/** A tensor of a request as it came: it may claim anything. */
public interface GivenTensor {
  /** What the client says its type is, as the protocol calls it. */
  String type();

  /** What the client says its shape is. */
  List<Long> shape();

  /**
   * The elements, little endian; asked for after type and shape have been found right.
   *
   * @param bytes how many there must be
   * @throws io.grpc.StatusRuntimeException if there are not so many
   */
  ByteString data(TensorSpec input, int bytes);
}
