package ddim.serve;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A server did not do what it was asked; the message says why, for people. */
public final class RemoteFailureException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Set<Code> CALLERS_FAULTS =
      Set.of(Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.UNIMPLEMENTED);

  private final boolean callersFault;

  private RemoteFailureException(String message, boolean callersFault, Throwable cause) {
    super(message, cause);
    this.callersFault = callersFault;
  }

  /** Whether the same call will always fail, because of what it asks for. */
  public boolean isCallersFault() {
    return callersFault;
  }

  static RemoteFailureException of(StatusRuntimeException error) {
    Code code = error.getStatus().getCode();
    List<String> violations = violations(error);
    String text = error.getStatus().getDescription();
    String message =
        violations.isEmpty()
            ? code + (text == null ? "" : ": " + text)
            : String.join("\n", violations);
    if (code == Code.UNAVAILABLE && error.getStatus().getCause() != null) {
      message += " (" + error.getStatus().getCause().getMessage() + ")";
    }
    return new RemoteFailureException(message, CALLERS_FAULTS.contains(code), error);
  }

  private static List<String> violations(StatusRuntimeException error) {
    List<String> texts = new ArrayList<>();
    Status status = StatusProto.fromThrowable(error);
    if (status == null) {
      return texts;
    }
    for (Any detail : status.getDetailsList()) {
      if (detail.is(BadRequest.class)) {
        try {
          detail
              .unpack(BadRequest.class)
              .getFieldViolationsList()
              .forEach(violation -> texts.add(violation.getDescription()));
        } catch (InvalidProtocolBufferException e) {
          return List.of(); // the status text has to do
        }
      }
    }
    return texts;
  }
}
