package ddim.serve.tracing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * The span of one call and those inside of it. Rows that share a batch or a graph call share a
 * span: that of the first of them which is heard of. Thread-safe.
 */
final class CallTrace {
  private final Tracer tracer;
  private final Span span;

  /** When the graph call begins that a row is in. */
  @GuardedBy("this")
  private final Map<Integer, Instant> begins = new HashMap<>();

  @GuardedBy("this")
  private Instant lastStart = Instant.MIN;

  @GuardedBy("this")
  private Instant lastEnd = Instant.MIN;

  CallTrace(Tracer tracer, Span span) {
    this.tracer = tracer;
    this.span = span;
  }

  Span span() {
    return span;
  }

  /** A row joins a batch. */
  synchronized void rowStarted(int row, Duration queueTime, Instant now) {
    boolean first = begins.isEmpty() || lastEnd.isAfter(lastStart);
    begins.put(row, now);
    if (first) {
      lastStart = now;
      child("queue", now.minus(queueTime)).end(now);
    }
  }

  /** A row has been taken further. */
  synchronized void rowAdvanced(int row, int steps, Instant now) {
    Instant begin = begins.getOrDefault(row, now);
    begins.put(row, now);
    if (!begin.isBefore(lastEnd)) {
      lastEnd = now;
      child("segment", begin).setAttribute("ddim.steps_taken", steps).end(now);
    }
  }

  private Span child(String name, Instant begin) {
    return tracer
        .spanBuilder(name)
        .setParent(Context.root().with(span))
        .setStartTimestamp(begin)
        .startSpan();
  }
}
