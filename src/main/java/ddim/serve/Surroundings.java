package ddim.serve;

import ddim.serve.admin.AdminGrpc;
import ddim.serve.admin.AdminHttp;
import ddim.serve.admin.AdminOptions;
import ddim.serve.call.AccessLog;
import ddim.serve.call.CallInterceptor;
import ddim.serve.call.CallObserver;
import ddim.serve.call.ClientLimits;
import ddim.serve.call.QuotaInterceptor;
import ddim.serve.metrics.ServerMetrics;
import ddim.serve.repository.ModelRepository;
import ddim.serve.security.Authorization;
import ddim.serve.security.AuthorizationInterceptor;
import ddim.serve.security.SecurityOptions;
import ddim.serve.security.ServerTls;
import ddim.serve.security.TokenFile;
import ddim.serve.tracing.Tracing;
import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is around the services of a server, whatever they are: TLS, authorization, limits, metrics,
 * logs, traces, and the ports for operators.
 */
final class Surroundings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Surroundings.class);

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final ServerMetrics metrics = new ServerMetrics();
  private final ServerOptions options;
  private final @Nullable ServerTls tls;
  private final @Nullable Authorization authorization;
  private @Nullable AdminHttp http;
  private @Nullable AdminGrpc grpc;

  private Surroundings(ServerOptions options) throws IOException {
    this.options = options;
    open.push(metrics);
    if (options.telemetry() instanceof AutoCloseable telemetry) {
      open.push(telemetry);
    }
    try {
      tls = tls(options.security());
      authorization = authorization(options.security());
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Reads the files of the options.
   *
   * @throws IOException if one cannot be used, naming it
   */
  static Surroundings open(ServerOptions options, ModelRepository models) throws IOException {
    Surroundings surroundings = new Surroundings(options);
    surroundings.metrics.show(models);
    models.observe(surroundings.metrics::batches);
    return surroundings;
  }

  /** What the server listens with. */
  ServerCredentials credentials() {
    return tls == null ? InsecureServerCredentials.create() : tls.credentials();
  }

  /** Puts all this around the services of a server. */
  void surround(ServerBuilder<?> builder) {
    List<CallObserver> observers = new ArrayList<>(List.of(metrics.calls()));
    if (options.accessLog()) {
      observers.add(new AccessLog());
    }
    observers.add(new Tracing(options.telemetry()));
    // The last one that is added is the first that a call meets.
    if (!options.security().limits().equals(ClientLimits.NONE)) {
      QuotaInterceptor quota = new QuotaInterceptor(options.security().limits());
      observers.add(quota);
      builder.intercept(quota);
    }
    builder.intercept(new AuthorizationInterceptor(authorization));
    builder.intercept(new CallInterceptor(observers));
  }

  /**
   * Opens the ports for operators.
   *
   * @param ready whether the server serves
   * @throws IOException if it cannot listen there
   */
  void listen(BooleanSupplier ready, BindableService health) throws IOException {
    AdminOptions admin = options.admin();
    if (admin.httpPort().isPresent()) {
      http = AdminHttp.start(admin.host(), admin.httpPort().getAsInt(), metrics, ready);
      open.push(http);
      log.info("metrics and probes on {}:{}", admin.host(), http.port());
    }
    if (admin.grpcPort().isPresent()) {
      grpc = AdminGrpc.start(admin.host(), admin.grpcPort().getAsInt(), health);
      open.push(grpc);
      log.info("channelz and reflection on {}:{}", admin.host(), grpc.port());
    }
  }

  /** The port of metrics and probes, if there is one. */
  OptionalInt httpPort() {
    return http == null ? OptionalInt.empty() : OptionalInt.of(http.port());
  }

  /** The port of channelz and reflection, if there is one. */
  OptionalInt grpcPort() {
    return grpc == null ? OptionalInt.empty() : OptionalInt.of(grpc.port());
  }

  private @Nullable ServerTls tls(SecurityOptions security) throws IOException {
    if (security.tls().isEmpty()) {
      return null;
    }
    ServerTls read = ServerTls.open(security.tls().get(), security.reloadEvery());
    open.push(read);
    return read;
  }

  private @Nullable Authorization authorization(SecurityOptions security) throws IOException {
    if (security.tokens().isEmpty()) {
      return security.authorization().orElse(null);
    }
    if (security.tls().isEmpty()) {
      log.warn("tokens without TLS: who is on the way can read them");
    }
    TokenFile tokens = TokenFile.open(security.tokens().get(), security.reloadEvery());
    open.push(tokens);
    return tokens;
  }

  @Override
  public void close() {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) { // as AutoCloseable allows; none of these does
        log.warn("closing", e);
      }
    }
  }
}
