package ddim.serve.metrics;

import ddim.serve.batch.BatchListener;
import ddim.serve.call.CallObserver;
import ddim.serve.repository.ModelRepository;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** All meters of one server. Thread-safe. */
public final class ServerMetrics implements AutoCloseable {
  /** Bounds of histograms of times, from a step of a tiny model to a minute in a queue. */
  static final Duration[] TIMES =
      List.of(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000).stream()
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ProcessMetrics process = ProcessMetrics.register(registry);
  private final CallObserver calls = new CallMetrics(registry);
  private final ConcurrentMap<Tags, BatchListener> batches = new ConcurrentHashMap<>();
  private final MultiGauge ready =
      MultiGauge.builder("ddim.model.ready")
          .description("1 for each version that is ready")
          .register(registry);
  private final MultiGauge queued =
      MultiGauge.builder("ddim.queue.images")
          .description("Images that wait for their first step")
          .register(registry);
  private volatile @Nullable ModelRepository models;

  /** Counts calls. */
  public CallObserver calls() {
    return calls;
  }

  /** Counts what the batcher of a model does. */
  public BatchListener batches(String model, long version) {
    return batches.computeIfAbsent(tags(model, version), tags -> new BatchMetrics(registry, tags));
  }

  /** Shows which models are there from now on. */
  public void show(ModelRepository repository) {
    models = repository;
    gauge("ddim.models.broken", "Versions that could not be loaded", r -> r.broken().size());
    gauge(
        "ddim.queue.limit.images",
        "How many images of a model may wait",
        r -> r.options().maxEnqueuedImages());
  }

  private void gauge(String name, String what, ToDoubleFunction<ModelRepository> value) {
    Gauge.builder(name, models, value).description(what).strongReference(true).register(registry);
  }

  /**
   * Every meter as it is now.
   *
   * @param accept the media types that the reader takes, as in HTTP; null for plain text
   */
  public String scrape(@Nullable String accept) {
    ModelRepository shown = models;
    if (shown != null) {
      ready.register(
          shown.ready().stream().map(m -> Row.of(tags(m.name(), m.version()), 1)).toList(), true);
      queued.register(
          shown.waiting().stream()
              .map(w -> Row.of(tags(w.name(), w.version()), w.images()))
              .toList(),
          true);
    }
    return accept == null ? registry.scrape() : registry.scrape(accept);
  }

  private static Tags tags(String model, long version) {
    return Tags.of("model", model, "version", Long.toString(version));
  }

  @Override
  public void close() {
    process.close();
    registry.close();
  }
}
