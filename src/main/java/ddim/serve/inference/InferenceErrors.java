package ddim.serve.inference;

import ddim.serve.batch.RefusedException;
import ddim.serve.batch.RefusedException.Reason;
import ddim.serve.error.Errors;
import ddim.serve.error.InvalidRequestException;
import ddim.serve.repository.UnknownModelException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.OptionalLong;

/** What Triton tells a client. */
final class InferenceErrors {
  private static final int LONGEST = 1024;

  private InferenceErrors() {}

  static StatusRuntimeException invalid(String message) {
    return of(Status.INVALID_ARGUMENT, message);
  }

  static StatusRuntimeException of(Status status, String message) {
    return status.withDescription(Errors.shorten(message, LONGEST, "...")).asRuntimeException();
  }

  static StatusRuntimeException unknownModel(String name, OptionalLong version) {
    String which = version.isPresent() ? " version " + version.getAsLong() : "";
    return of(
        Status.NOT_FOUND, "Request for unknown model: '" + name + "'" + which + " is not found");
  }

  /** How messages about a request begin. */
  static String request(String id) {
    return "[request id: " + (id.isEmpty() ? "<id_unknown>" : id) + "] ";
  }

  /** As {@link Errors#toStatus}, in Triton's words where it has some. */
  static StatusRuntimeException toStatus(Throwable error, String id) {
    Throwable cause = Errors.unwrap(error);
    if (cause instanceof InvalidRequestException) {
      return invalid(request(id) + cause.getMessage());
    }
    StatusRuntimeException status = Errors.toStatus(cause);
    if (cause instanceof RefusedException refused && refused.reason() == Reason.QUEUE_FULL) {
      return worded(status, request(id) + "Exceeds maximum queue size");
    }
    if (cause instanceof RefusedException refused && refused.reason() == Reason.STOPPING) {
      return worded(
          status,
          request(id)
              + "Server is stopping, scheduler for model has stopped accepting new inference"
              + " requests");
    }
    return cause instanceof UnknownModelException
        ? worded(status, "Request for unknown model: " + cause.getMessage())
        : status;
  }

  private static StatusRuntimeException worded(StatusRuntimeException status, String message) {
    return status
        .getStatus()
        .withDescription(Errors.shorten(message, LONGEST, "..."))
        .asRuntimeException(status.getTrailers());
  }
}
