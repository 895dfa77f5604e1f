package ddim.serve;

import ddim.serve.ClientOptions.Identity;
import ddim.serve.ClientOptions.Tls;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/** Connections of clients. */
final class Connections {
  private static final int MAX_MESSAGE_BYTES = 1 << 30; // the server's limit is the one that counts
  private static final long RETRY_BUFFER_BYTES = 256L << 20; // a call is kept until it is answered
  private static final long CALL_BUFFER_BYTES = 64L << 20;

  static {
    NameResolverRegistry.getDefaultRegistry().register(new AddressList());
  }

  private Connections() {}

  /**
   * A connection with all servers of a target, which connects with the first call.
   *
   * @throws UncheckedIOException if a file of TLS cannot be used, naming it
   */
  static ManagedChannel open(ClientOptions options) {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(
                AddressList.target(options.target()),
                options
                    .tls()
                    .map(Connections::credentials)
                    .orElseGet(InsecureChannelCredentials::create))
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .defaultServiceConfig(serviceConfig(options));
    return options.attempts() == 1
        ? builder.disableRetry().build()
        : builder
            .enableRetry()
            .retryBufferSize(RETRY_BUFFER_BYTES)
            .perRpcBufferLimit(CALL_BUFFER_BYTES)
            .build();
  }

  /** Puts the token of a file into every call. */
  static CallCredentials token(Path file) {
    Metadata.Key<String> header =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(
          RequestInfo request, Executor executor, MetadataApplier applier) {
        executor.execute(
            () -> {
              try {
                Metadata headers = new Metadata();
                headers.put(header, "Bearer " + Files.readString(file).strip());
                applier.apply(headers);
              } catch (IOException | RuntimeException e) {
                applier.fail(Status.UNAUTHENTICATED.withDescription("cannot read " + file));
              }
            });
      }
    };
  }

  /**
   * Calls are tried again that are answered with UNAVAILABLE or lost with their connection: images
   * are a function of what is asked. Several servers are asked in turn, as long as they say that
   * they serve.
   */
  private static Map<String, ?> serviceConfig(ClientOptions options) {
    Map<String, Object> config = new HashMap<>();
    if (options.target().contains(",") || options.target().contains(":///")) {
      config.put("loadBalancingConfig", List.of(Map.of("round_robin", Map.of())));
      config.put("healthCheckConfig", Map.of("serviceName", ""));
    }
    if (options.attempts() > 1) {
      Map<String, ?> retries =
          Map.of(
              "maxAttempts",
              (double) options.attempts(),
              "initialBackoff",
              "0.1s",
              "maxBackoff",
              "3s",
              "backoffMultiplier",
              2.0,
              "retryableStatusCodes",
              BrokenAnswers.LOST.stream().map(Code::name).sorted().toList());
      config.put(
          "methodConfig", List.of(Map.of("name", List.of(Map.of()), "retryPolicy", retries)));
    }
    return config;
  }

  private static ChannelCredentials credentials(Tls tls) {
    try {
      TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
      if (tls.roots().isPresent()) {
        credentials.trustManager(readable(tls.roots().get()).toFile());
      }
      if (tls.own().isPresent()) {
        Identity own = tls.own().get();
        credentials.keyManager(readable(own.certificates()).toFile(), readable(own.key()).toFile());
      }
      return credentials.build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path readable(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException(file + " cannot be read");
    }
    return file;
  }
}
