package ddim.serve.metrics;

import ddim.serve.call.CallObserver;
import ddim.serve.call.CallRecord;
import io.grpc.Metadata;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts calls by method and code. */
final class CallMetrics implements CallObserver {
  private final AtomicInteger inFlight = new AtomicInteger();
  private final MeterProvider<Counter> requests;
  private final MeterProvider<Timer> times;

  CallMetrics(MeterRegistry registry) {
    requests =
        Counter.builder("ddim.requests")
            .description("Calls that have ended")
            .withRegistry(registry);
    times =
        Timer.builder("ddim.request")
            .description("From the first byte of a call to its end")
            .serviceLevelObjectives(ServerMetrics.TIMES)
            .withRegistry(registry);
    Gauge.builder("ddim.requests.in.flight", inFlight, AtomicInteger::get)
        .description("Calls that are open")
        .register(registry);
  }

  @Override
  public void started(CallRecord call, Metadata headers) {
    inFlight.incrementAndGet();
  }

  @Override
  public void ended(CallRecord call, Status status, Duration duration) {
    inFlight.decrementAndGet();
    requests.withTags("method", call.method(), "code", status.getCode().name()).increment();
    times.withTags("method", call.method()).record(duration);
  }
}
