package ddim.cli.config;

import ddim.model.SessionOptions;
import ddim.serve.ConnectionOptions;
import ddim.serve.ServerOptions;
import ddim.serve.admin.AdminOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.call.ClientLimits;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.repository.VersionPolicy;
import ddim.serve.security.SecurityOptions;
import ddim.serve.security.TlsFiles;
import io.opentelemetry.api.OpenTelemetry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What {@code ddim serve} is configured with. The keys are documented, and their defaults given, in
 * {@code serve.yaml}; a new key is a line there and a component here.
 */
public record ServeConfig(
    Server server, Security security, Repository repository, Batching batching, Session session) {

  /** The section {@code server}. */
  record Server(
      String host,
      int port,
      int handlerThreads,
      int maxMessageBytes,
      int maxCallsPerConnection,
      long keepAliveSeconds,
      long shortestKeepAliveSeconds,
      long maxConnectionAgeSeconds,
      boolean reflection,
      boolean accessLog,
      boolean tracing,
      String adminHost,
      @Nullable Integer adminPort,
      @Nullable Integer adminGrpcPort,
      long graceSeconds) {
    ServerOptions options() {
      ServerOptions defaults = ServerOptions.defaults();
      requireAtLeast(1, "keep_alive_seconds", keepAliveSeconds);
      requireAtLeast(1, "shortest_keep_alive_seconds", shortestKeepAliveSeconds);
      requireAtLeast(0, "max_connection_age_seconds", maxConnectionAgeSeconds);
      requireAtLeast(0, "grace_seconds", graceSeconds);
      return new ServerOptions(
          host,
          port,
          handlerThreads == 0 ? defaults.handlerThreads() : handlerThreads,
          maxMessageBytes,
          new ConnectionOptions(
              maxCallsPerConnection,
              Duration.ofSeconds(keepAliveSeconds),
              Duration.ofSeconds(shortestKeepAliveSeconds),
              Duration.ofSeconds(maxConnectionAgeSeconds)),
          defaults.security(),
          new AdminOptions(adminHost, optional(adminPort), optional(adminGrpcPort)),
          accessLog,
          reflection,
          tracing ? Telemetry.open() : OpenTelemetry.noop());
    }

    private static OptionalInt optional(@Nullable Integer port) {
      return port == null ? OptionalInt.empty() : OptionalInt.of(port);
    }
  }

  /** The section {@code security}. */
  record Security(
      @Nullable Path tlsCert,
      @Nullable Path tlsKey,
      @Nullable Path tlsClientCa,
      @Nullable Path tokenFile,
      int clientMaxCalls,
      double clientImagesPerSecond,
      long reloadSeconds) {
    SecurityOptions options() {
      require((tlsCert == null) == (tlsKey == null), "tls_cert and tls_key go together");
      require(tlsClientCa == null || tlsCert != null, "tls_client_ca goes with tls_cert");
      requireAtLeast(1, "reload_seconds", reloadSeconds);
      Optional<TlsFiles> tls =
          tlsCert == null || tlsKey == null
              ? Optional.empty()
              : Optional.of(new TlsFiles(tlsCert, tlsKey, Optional.ofNullable(tlsClientCa)));
      return new SecurityOptions(
          tls,
          Optional.ofNullable(tokenFile),
          Optional.empty(),
          new ClientLimits(clientMaxCalls, clientImagesPerSecond),
          Duration.ofSeconds(reloadSeconds));
    }
  }

  /** The section {@code repository}. */
  record Repository(
      @Nullable Path root,
      RepositoryOptions.Control control,
      double pollSeconds,
      RepositoryOptions.Swap swap,
      Map<String, Model> models) {
    RepositoryOptions options() {
      if (root == null) {
        throw new IllegalArgumentException(
            "root is missing: the folder of the models, or --models");
      }
      require(
          pollSeconds >= 0 && pollSeconds <= 1e6,
          "poll_seconds must be from 0 to 1000000, is " + pollSeconds);
      List<ModelConfig> configs =
          models.entrySet().stream()
              .map(model -> model.getValue().options(model.getKey()))
              .toList();
      Duration pollEvery = Duration.ofMillis(Math.round(pollSeconds * 1000));
      return new RepositoryOptions(root, control, pollEvery, configs, swap);
    }
  }

  /** One of {@code repository.models}. */
  record Model(@Nullable String versions, @Nullable Map<String, Long> labels) {
    ModelConfig options(String name) {
      VersionPolicy policy = VersionPolicy.NEWEST;
      if (versions != null) {
        try {
          policy = VersionPolicy.parse(versions);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException("models." + name + ".versions " + e.getMessage(), e);
        }
      }
      return new ModelConfig(name, policy, labels == null ? Map.of() : labels);
    }
  }

  /** The section {@code batching}; {@code maxBatchSize} is a number or "auto". */
  record Batching(
      Object maxBatchSize,
      List<Integer> allowedBatchSizes,
      long batchTimeoutMicros,
      int maxEnqueuedBatches,
      int columnsPerCall,
      int priorityLevels,
      @Nullable Integer defaultPriorityLevel) {
    /** The most that is tried where nothing is said. */
    private static final int LARGEST_AUTO = 64;

    BatcherOptions options() {
      requireAtLeast(0, "batch_timeout_micros", batchTimeoutMicros);
      requireAtLeast(0, "columns_per_call", columnsPerCall);
      int middle = (priorityLevels + 1) / 2;
      BatcherOptions options =
          BatcherOptions.of(largest())
              .withBatchTimeout(Duration.of(batchTimeoutMicros, ChronoUnit.MICROS))
              .withMaxEnqueuedBatches(maxEnqueuedBatches)
              .withPriorityLevels(
                  priorityLevels, defaultPriorityLevel == null ? middle : defaultPriorityLevel)
              .withSweep(maxBatchSize.equals("auto"));
      if (!allowedBatchSizes.isEmpty()) {
        options = options.withAllowedBatchSizes(allowedBatchSizes);
      }
      return columnsPerCall == 0 ? options : options.withColumnsPerCall(columnsPerCall);
    }

    private int largest() {
      if (maxBatchSize.equals("auto")) {
        return allowedBatchSizes.isEmpty()
            ? LARGEST_AUTO
            : allowedBatchSizes.get(allowedBatchSizes.size() - 1);
      }
      if (maxBatchSize instanceof Integer size && size >= 1) {
        return size;
      }
      throw new IllegalArgumentException(
          "max_batch_size must be a whole number from 1, or auto, is " + maxBatchSize);
    }
  }

  /** The section {@code session}. */
  record Session(
      int lanes,
      int intraOpThreads,
      int interOpThreads,
      boolean gpuMemoryGrowth,
      double gpuMemoryFraction,
      List<Integer> visibleDevices,
      SessionOptions.Bfloat16 bfloat16) {
    SessionOptions options() {
      return new SessionOptions(
          lanes,
          intraOpThreads,
          interOpThreads,
          gpuMemoryGrowth,
          gpuMemoryFraction,
          visibleDevices,
          bfloat16);
    }
  }

  /**
   * How the server listens.
   *
   * @throws IllegalArgumentException as all of these, naming section, key, value and rule
   */
  public ServerOptions serverOptions() {
    return Section.of("server", server::options).with(Section.of("security", security::options));
  }

  /** What is served. */
  public RepositoryOptions repositoryOptions() {
    return Section.of("repository", repository::options);
  }

  /** How rows become batches. */
  public BatcherOptions batcherOptions() {
    return Section.of("batching", batching::options);
  }

  /** What TensorFlow may use. */
  public SessionOptions sessionOptions() {
    return Section.of("session", session::options);
  }

  /** How long after SIGTERM what has begun may go on. */
  public Duration grace() {
    return Duration.ofSeconds(server.graceSeconds);
  }

  private static void requireAtLeast(long least, String key, long value) {
    require(value >= least, key + " must be at least " + least + ", is " + value);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
