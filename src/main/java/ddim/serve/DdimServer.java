package ddim.serve;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.ModelFormatException;
import ddim.serve.error.ErrorInterceptor;
import ddim.serve.inference.InferenceService;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions.Control;
import ddim.serve.repository.VersionStatus;
import ddim.serve.rpc.MessageLimits;
import ddim.serve.rpc.OpenCalls;
import ddim.serve.rpc.SamplingService;
import ddim.serve.tensorflow.ModelService;
import ddim.serve.tensorflow.PredictionService;
import ddim.v1.SamplingServiceGrpc;
import inference.GRPCInferenceServiceGrpc;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.PredictionServiceGrpc;

/**
 * The server: the models of a repository behind gRPC, with health and reflection services.
 *
 * <p>Life: {@link #start} listens, NOT_SERVING; {@link #load} loads and warms up the models, then
 * SERVING; {@link #close(Duration)} says NOT_SERVING for good, answers everybody and stops.
 */
public final class DdimServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DdimServer.class);
  private static final Duration LAST_REPLIES = Duration.ofSeconds(2);
  private static final int MAX_RESETS = 200; // a client that opens and resets calls is no client
  private static final int MAX_RESETS_SECONDS = 30;

  private static final List<String> SERVICES =
      List.of(
          SamplingServiceGrpc.SERVICE_NAME,
          PredictionServiceGrpc.SERVICE_NAME,
          ModelServiceGrpc.SERVICE_NAME,
          GRPCInferenceServiceGrpc.SERVICE_NAME);

  private final ModelRepository models;
  private final HealthStatusManager health;
  private final ExecutorService handlers;
  private final Server server;
  private final Surroundings surroundings;
  private volatile boolean serving;

  @GuardedBy("this")
  private boolean closed;

  private DdimServer(
      ModelRepository models,
      HealthStatusManager health,
      ExecutorService handlers,
      Server server,
      Surroundings surroundings) {
    this.models = models;
    this.health = health;
    this.handlers = handlers;
    this.server = server;
    this.surroundings = surroundings;
  }

  /**
   * Listens; the models are not loaded yet.
   *
   * @param models stays open until this server is closed, and is closed by it
   * @throws IOException if it cannot listen there, naming the address, or a file of the options
   *     cannot be used
   */
  public static DdimServer start(ServerOptions options, ModelRepository models) throws IOException {
    InetSocketAddress address = new InetSocketAddress(options.host(), options.port());
    ConnectionOptions connections = options.connections();
    return start(
        credentials -> {
          NettyServerBuilder builder =
              NettyServerBuilder.forAddress(address, credentials)
                  .maxConcurrentCallsPerConnection(connections.maxCalls())
                  .maxRstFramesPerWindow(MAX_RESETS, MAX_RESETS_SECONDS)
                  .keepAliveTime(connections.keepAlive().toNanos(), TimeUnit.NANOSECONDS)
                  .permitKeepAliveTime(
                      connections.shortestKeepAlive().toNanos(), TimeUnit.NANOSECONDS);
          if (!connections.maxAge().isZero()) {
            builder.maxConnectionAge(connections.maxAge().toNanos(), TimeUnit.NANOSECONDS);
          }
          return builder;
        },
        options,
        models);
  }

  /** As the other, over any transport. */
  static DdimServer start(
      Function<ServerCredentials, ServerBuilder<?>> transport,
      ServerOptions options,
      ModelRepository models)
      throws IOException {
    Surroundings surroundings = Surroundings.open(options, models);
    ServerBuilder<?> builder = transport.apply(surroundings.credentials());
    ExecutorService handlers = handlers(options.handlerThreads());
    HealthStatusManager health = new HealthStatusManager();
    MessageLimits limits = MessageLimits.of(options.maxMessageBytes(), models.options());
    OpenCalls open = new OpenCalls();
    builder
        .executor(handlers)
        .maxInboundMessageSize(options.maxMessageBytes())
        .addService(ErrorInterceptor.guard(new SamplingService(models, limits, open, handlers)))
        .addService(ErrorInterceptor.guard(new PredictionService(models, limits, open, handlers)))
        .addService(ErrorInterceptor.guard(new ModelService(models, handlers)))
        .addService(ErrorInterceptor.guard(new InferenceService(models, limits, open, handlers)))
        .addService(health.getHealthService());
    if (options.reflection()) {
      builder.addService(ProtoReflectionServiceV1.newInstance());
      builder.addService(ProtoReflectionService.newInstance()); // what Python's client speaks
    }
    surroundings.surround(builder);
    DdimServer started = new DdimServer(models, health, handlers, builder.build(), surroundings);
    started.reportOverall();
    models.listen(started::report);
    try {
      surroundings.listen(started::isReady, health.getHealthService());
      started.server.start();
    } catch (IOException e) {
      surroundings.close();
      handlers.shutdown();
      throw e;
    }
    return started;
  }

  /**
   * Loads and warms up the models, and says that it serves them.
   *
   * @throws ModelFormatException if not one of them can be loaded, with every reason; unless
   *     clients are to load them, and none was to be loaded at start
   */
  public void load() {
    models.loadAll();
    boolean isLeftToClients = models.control() == Control.EXPLICIT && models.broken().isEmpty();
    if (models.ready().isEmpty() && !isLeftToClients) {
      throw new ModelFormatException(
          models.broken().stream()
              .map(broken -> broken.folder() + ": " + broken.reason())
              .collect(Collectors.joining("; ", "no model can be served: ", "")));
    }
    serving = true;
    reportOverall();
  }

  /** The port that it listens on. */
  public int port() {
    return server.getPort();
  }

  /** The port of metrics and probes over HTTP, if there is one. */
  public OptionalInt adminPort() {
    return surroundings.httpPort();
  }

  /** The port of channelz over gRPC, if there is one. */
  public OptionalInt adminGrpcPort() {
    return surroundings.grpcPort();
  }

  /** Blocks until it is closed. */
  public void awaitTermination() throws InterruptedException {
    server.awaitTermination();
  }

  /**
   * Stops: health is NOT_SERVING from now on, new and waiting requests are refused, what has begun
   * may finish for {@code grace}. Returns when everybody has been answered, soon after the grace at
   * the latest. A graph call that runs on after that ends with the process. Does nothing the second
   * time.
   */
  public void close(Duration grace) {
    var unused = closeFirst(grace);
  }

  /** False if it was closed before. */
  private synchronized boolean closeFirst(Duration grace) {
    if (closed) {
      return false;
    }
    closed = true;
    serving = false;
    health.enterTerminalState();
    models.shutdown(grace).join(); // meanwhile calls are answered, if only with UNAVAILABLE
    server.shutdown();
    if (!isDone(models.unloaded())) {
      log.warn("a graph call is still running; it ends with the process");
    }
    if (!awaitTermination(LAST_REPLIES)) {
      server.shutdownNow(); // of what is left only watchers of health, and calls past their grace
      awaitTermination(LAST_REPLIES);
    }
    handlers.shutdown();
    surroundings.close();
    return true;
  }

  /**
   * Has the process end well when it is told to end: SIGTERM or SIGINT closes this server with
   * {@code grace}, and the exit code is 0. Without this it would be 143: a server that is told to
   * end has done its work. If it was closed before, as after models that cannot be loaded, the
   * process has another exit code to tell.
   */
  public void closeAtExit(Duration grace) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  if (closeFirst(grace)) {
                    Runtime.getRuntime().halt(0);
                  }
                },
                "ddim-shutdown"));
  }

  /** Stops without grace. */
  @Override
  public void close() {
    close(Duration.ZERO);
  }

  /** Whether every call has ended; they need their handlers for that. */
  private boolean awaitTermination(Duration atMost) {
    try {
      return server.awaitTermination(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Whether it has loaded and is not stopping, and has a model, or waits for clients to load one.
   */
  private boolean isReady() {
    return serving && models.isServing();
  }

  private void reportOverall() {
    synchronized (health) {
      ServingStatus status = status(isReady());
      health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
      SERVICES.forEach(service -> health.setStatus(service, status));
    }
  }

  /**
   * A model can be watched by its name, and each version as NAME/VERSION. What is told is what is
   * there now: reports of several threads may come in any order.
   */
  private void report(VersionStatus version) {
    synchronized (health) {
      List<ModelRepository.Ready> versions =
          models.ready().stream().filter(r -> r.name().equals(version.name())).toList();
      health.setStatus(version.name(), status(!versions.isEmpty()));
      health.setStatus(
          version.name() + "/" + version.version(),
          status(versions.stream().anyMatch(r -> r.version() == version.version())));
      reportOverall();
    }
  }

  private static ServingStatus status(boolean serves) {
    return serves ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  private static boolean isDone(Future<?> future) {
    try {
      future.get(LAST_REPLIES.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      log.warn("a model could not be freed", e);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static ExecutorService handlers(int threads) {
    AtomicInteger count = new AtomicInteger();
    return Executors.newFixedThreadPool(
        threads,
        task -> {
          Thread thread = new Thread(task, "ddim-handler-" + count.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }
}
