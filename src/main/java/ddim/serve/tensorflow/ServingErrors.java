package ddim.serve.tensorflow;

import ddim.serve.batch.RefusedException;
import ddim.serve.error.Errors;
import ddim.serve.error.InvalidRequestException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** What TensorFlow Serving tells a client. */
final class ServingErrors {
  private static final int LONGEST = 1024;
  private static final String QUEUE_FULL =
      "The batch scheduling queue to which this task was submitted is full";

  private ServingErrors() {}

  static StatusRuntimeException invalid(String message) {
    return of(Status.INVALID_ARGUMENT, message);
  }

  static StatusRuntimeException of(Status status, String message) {
    return status
        .withDescription(Errors.shorten(message, LONGEST, "...TRUNCATED"))
        .asRuntimeException();
  }

  /** As {@link Errors#toStatus}, in TensorFlow Serving's words where it has some. */
  static StatusRuntimeException toStatus(Throwable error) {
    Throwable cause = Errors.unwrap(error);
    if (cause instanceof InvalidRequestException) {
      return invalid(String.valueOf(cause.getMessage()));
    }
    StatusRuntimeException status = Errors.toStatus(cause);
    return cause instanceof RefusedException refused
            && refused.reason() == RefusedException.Reason.QUEUE_FULL
        ? status.getStatus().withDescription(QUEUE_FULL).asRuntimeException(status.getTrailers())
        : status;
  }
}
