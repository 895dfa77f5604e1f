package ddim.serve.error;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import ddim.diffusion.Violation;
import ddim.serve.batch.RefusedException;
import ddim.serve.repository.UnknownModelException;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a client is told about an exception; the only place that chooses status codes. */
public final class Errors {
  /** Whose reasons those of our ErrorInfo are. */
  static final String DOMAIN = "ddim.v1";

  private static final Logger log = LoggerFactory.getLogger(Errors.class);

  // A status travels in headers, of which clients take 8 KiB, a request may quote anything, and a
  // longer one would end the connection with all its calls. Of the bytes of a message headers need
  // up to three times as many.
  private static final int LONGEST_TEXT = 500;
  private static final int LONGEST_DETAIL = 300;
  private static final int LONGEST_FIELD = 80;
  private static final int MOST_VIOLATIONS = 8;

  private Errors() {}

  /** The status of an exception. Logs it, under the id that the client is given, if it is ours. */
  public static StatusRuntimeException toStatus(Throwable thrown) {
    Throwable error = unwrap(thrown);
    if (error.getCause() instanceof InvalidProtocolBufferException malformed) {
      return status(Code.INVALID_ARGUMENT, malformed, List.of());
    }
    if (error instanceof StatusRuntimeException status) {
      return status;
    }
    if (error instanceof StatusException status) {
      return status.getStatus().asRuntimeException(status.getTrailers());
    }
    if (error instanceof InvalidRequestException invalid) {
      return invalid(invalid);
    }
    if (error instanceof UnknownRequestException) {
      return status(Code.NOT_FOUND, error, List.of(info("REQUEST_NOT_FOUND")));
    }
    if (error instanceof UnknownModelException) {
      return status(Code.NOT_FOUND, error, List.of(info("MODEL_NOT_FOUND")));
    }
    if (error instanceof RefusedException refused) {
      return refused(refused);
    }
    if (error instanceof QuotaException quota) {
      return status(
          Code.RESOURCE_EXHAUSTED, error, List.of(info("QUOTA"), retryAfter(quota.retryAfter())));
    }
    if (error instanceof CancellationException) {
      return status(Code.CANCELLED, error, List.of());
    }
    return internal(error);
  }

  /** What went wrong, without what futures put around it. */
  public static Throwable unwrap(Throwable thrown) {
    Throwable error = thrown;
    while (error instanceof CompletionException && error.getCause() != null) {
      error = error.getCause();
    }
    return error;
  }

  private static StatusRuntimeException invalid(InvalidRequestException error) {
    BadRequest.Builder details = BadRequest.newBuilder();
    for (Violation violation : error.violations().stream().limit(MOST_VIOLATIONS).toList()) {
      details
          .addFieldViolationsBuilder()
          .setField(shorten(violation.field(), LONGEST_FIELD, "..."))
          .setDescription(shorten(violation.message(), LONGEST_DETAIL, "..."));
    }
    return status(Code.INVALID_ARGUMENT, error, List.of(details.build()));
  }

  private static StatusRuntimeException refused(RefusedException error) {
    if (error.reason() == RefusedException.Reason.LATE) {
      return status(Code.DEADLINE_EXCEEDED, error, List.of());
    }
    List<Message> details = new ArrayList<>();
    details.add(info(error.reason().name()));
    error.retryAfter().ifPresent(after -> details.add(retryAfter(after)));
    return status(Code.UNAVAILABLE, error, details);
  }

  private static StatusRuntimeException internal(Throwable error) {
    String id = UUID.randomUUID().toString();
    log.error("internal error {}", id, error);
    return io.grpc.Status.INTERNAL
        .withDescription("internal error " + id + ": the server's log has the cause")
        .withCause(error)
        .asRuntimeException();
  }

  private static StatusRuntimeException status(
      Code code, Throwable error, List<? extends Message> details) {
    Status.Builder status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(shorten(String.valueOf(error.getMessage())));
    details.forEach(detail -> status.addDetails(Any.pack(detail)));
    return StatusProto.toStatusRuntimeException(status.build());
  }

  private static RetryInfo retryAfter(java.time.Duration after) {
    Duration delay =
        Duration.newBuilder().setSeconds(after.getSeconds()).setNanos(after.getNano()).build();
    return RetryInfo.newBuilder().setRetryDelay(delay).build();
  }

  private static ErrorInfo info(String reason) {
    return ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN).build();
  }

  private static String shorten(String text) {
    return shorten(text, LONGEST_TEXT, "...");
  }

  /**
   * A text that fits into headers.
   *
   * @param mostBytes how many it may have in UTF-8
   * @param mark what is put after a text that was cut
   */
  public static String shorten(String text, int mostBytes, String mark) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int character = text.codePointAt(i);
      bytes += character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
      if (bytes > mostBytes) {
        return text.substring(0, i) + mark;
      }
    }
    return text;
  }
}
