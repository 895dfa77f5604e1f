package ddim.serve.metrics;

import ddim.serve.batch.BatchListener;
import ddim.serve.batch.RefusedException.Reason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Counts what one batcher does. */
final class BatchMetrics implements BatchListener {
  private static final double[] SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  private static final double[] SHARES = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};

  private final Map<Outcome, Counter> images;
  private final Map<Reason, Counter> refused;
  private final Timer queueTime;
  private final Timer computeTime;
  private final Timer freeTime;
  private final DistributionSummary rows;
  private final DistributionSummary fill;
  private final Counter steps;

  /**
   * @param tags of the model
   */
  BatchMetrics(MeterRegistry registry, Tags tags) {
    images =
        counters(
            Outcome.class,
            outcome ->
                Counter.builder("ddim.images")
                    .description("Images that were accepted, by what became of them")
                    .tags(tags.and("outcome", lower(outcome)))
                    .register(registry));
    refused =
        counters(
            Reason.class,
            reason ->
                Counter.builder("ddim.images.refused")
                    .description("Images that were refused at once")
                    .tags(tags.and("reason", lower(reason)))
                    .register(registry));
    queueTime = timer("ddim.queue", "How long an image waits for its first step", tags, registry);
    computeTime = timer("ddim.compute", "How long a graph call takes", tags, registry);
    freeTime = timer("ddim.free", "From a cancellation to when its row is free", tags, registry);
    rows = summary("ddim.batch.rows", "Images of a graph call", SIZES, tags, registry);
    fill =
        summary(
            "ddim.batch.fill.ratio",
            "Share of a graph call that is not padding or idle",
            SHARES,
            tags,
            registry);
    steps =
        Counter.builder("ddim.steps")
            .description("Steps that images have taken; a guided one counts twice")
            .tags(tags)
            .register(registry);
  }

  @Override
  public void refused(Reason reason, int count) {
    count(refused, reason, count);
  }

  @Override
  public void started(Duration waited) {
    queueTime.record(waited);
  }

  @Override
  public void computed(GraphCall call) {
    computeTime.record(call.time());
    rows.record(call.rows());
    fill.record(call.fill());
    steps.increment(call.steps());
  }

  @Override
  public void ended(Outcome outcome, int count, Duration sinceAccepted) {
    count(images, outcome, count);
  }

  @Override
  public void freed(int count, Duration sinceEnd) {
    for (int i = 0; i < count; i++) {
      freeTime.record(sinceEnd);
    }
  }

  private static <E extends Enum<E>> void count(Map<E, Counter> counters, E key, int count) {
    Counter counter = counters.get(key);
    if (counter != null) {
      counter.increment(count);
    }
  }

  private static <E extends Enum<E>> Map<E, Counter> counters(
      Class<E> keys, Function<E, Counter> make) {
    Map<E, Counter> counters = new EnumMap<>(keys);
    for (E key : keys.getEnumConstants()) {
      counters.put(key, make.apply(key));
    }
    return counters;
  }

  private static Timer timer(String name, String what, Tags tags, MeterRegistry registry) {
    return Timer.builder(name)
        .description(what)
        .serviceLevelObjectives(ServerMetrics.TIMES)
        .tags(tags)
        .register(registry);
  }

  private static DistributionSummary summary(
      String name, String what, double[] bounds, Tags tags, MeterRegistry registry) {
    return DistributionSummary.builder(name)
        .description(what)
        .serviceLevelObjectives(bounds)
        .tags(tags)
        .register(registry);
  }

  private static String lower(Enum<?> key) {
    return key.name().toLowerCase(Locale.ROOT);
  }
}
