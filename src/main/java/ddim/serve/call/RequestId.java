package ddim.serve.call;

import com.google.protobuf.Any;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.util.UUID;
import java.util.regex.Pattern;

/** The id of a request: from the client or made here, sent back in trailers and in errors. */
final class RequestId {
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  /** Of gRPC's own retries: how many milliseconds to wait first. They do not read RetryInfo. */
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<com.google.rpc.Status> DETAILS =
      Metadata.Key.of(
          "grpc-status-details-bin",
          ProtoUtils.metadataMarshaller(com.google.rpc.Status.getDefaultInstance()));

  /** What may stand in a log without a thought. */
  private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._:/+=@-]{1,128}");

  private RequestId() {}

  static String of(Metadata headers) {
    String id = headers.get(HEADER);
    return id != null && FIT.matcher(id).matches() ? id : UUID.randomUUID().toString();
  }

  /** Adds the id to the trailers, and to the details of an error. */
  static void tell(String id, Status status, Metadata trailers) {
    trailers.discardAll(HEADER);
    trailers.put(HEADER, id);
    if (status.isOk()) {
      return;
    }
    com.google.rpc.Status said = trailers.get(DETAILS);
    com.google.rpc.Status.Builder details =
        said != null
            ? said.toBuilder()
            : com.google.rpc.Status.newBuilder()
                .setCode(status.getCode().value())
                .setMessage(status.getDescription() == null ? "" : status.getDescription());
    for (Any detail : details.getDetailsList()) {
      if (detail.is(RetryInfo.class)) {
        trailers.discardAll(PUSHBACK);
        trailers.put(PUSHBACK, Long.toString(retryMillis(detail)));
      }
    }
    details.addDetails(Any.pack(RequestInfo.newBuilder().setRequestId(id).build()));
    trailers.discardAll(DETAILS);
    trailers.put(DETAILS, details.build());
  }

  private static long retryMillis(Any retryInfo) {
    try {
      var delay = retryInfo.unpack(RetryInfo.class).getRetryDelay();
      return delay.getSeconds() * 1000 + delay.getNanos() / 1_000_000;
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(e); // it was written by us
    }
  }
}
