package ddim.serve.tracing;

import ddim.serve.call.CallObserver;
import ddim.serve.call.CallRecord;
import io.grpc.Metadata;
import io.grpc.Status;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * A span for each call, part of the client's trace if it sends one (W3C trace context). Inside: a
 * span {@code queue} for each batch that its rows join, and a span {@code segment} for each graph
 * call that takes them further.
 */
public final class Tracing implements CallObserver {
  private static final TextMapGetter<Metadata> HEADERS =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Metadata headers) {
          return headers.keys();
        }

        @Override
        public @Nullable String get(@Nullable Metadata headers, String name) {
          return headers == null || name.endsWith(Metadata.BINARY_HEADER_SUFFIX)
              ? null
              : headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        }
      };

  private final Tracer tracer;
  private final TextMapPropagator propagator;
  private final ConcurrentMap<CallRecord, CallTrace> open = new ConcurrentHashMap<>();

  public Tracing(OpenTelemetry telemetry) {
    tracer = telemetry.getTracer("ddim");
    propagator = telemetry.getPropagators().getTextMapPropagator();
  }

  @Override
  public void started(CallRecord call, Metadata headers) {
    int slash = call.method().indexOf('/');
    Span span =
        tracer
            .spanBuilder(call.method())
            .setParent(propagator.extract(Context.root(), headers, HEADERS))
            .setSpanKind(SpanKind.SERVER)
            .setAttribute("rpc.system", "grpc")
            .setAttribute("rpc.service", call.method().substring(0, Math.max(0, slash)))
            .setAttribute("rpc.method", call.method().substring(slash + 1))
            .setAttribute("ddim.request_id", call.id())
            .startSpan();
    if (span.isRecording()) {
      open.put(call, new CallTrace(tracer, span));
    }
  }

  @Override
  public void rowStarted(CallRecord call, int row, Duration queueTime) {
    CallTrace trace = open.get(call);
    if (trace != null) {
      trace.rowStarted(row, queueTime, Instant.now());
    }
  }

  @Override
  public void rowAdvanced(CallRecord call, int row, int steps) {
    CallTrace trace = open.get(call);
    if (trace != null) {
      trace.rowAdvanced(row, steps, Instant.now());
    }
  }

  @Override
  public void ended(CallRecord call, Status status, Duration duration) {
    CallTrace trace = open.remove(call);
    if (trace == null) {
      return;
    }
    Span span = trace.span();
    String model = call.model();
    if (model != null) {
      span.setAttribute("ddim.model", model)
          .setAttribute("ddim.version", call.version())
          .setAttribute("ddim.images", call.images())
          .setAttribute("ddim.steps", call.steps());
    }
    span.setAttribute("rpc.grpc.status_code", status.getCode().value());
    if (!status.isOk()) {
      String why = status.getDescription();
      span.setStatus(StatusCode.ERROR, why == null ? status.getCode().name() : why);
    }
    span.end();
  }
}
