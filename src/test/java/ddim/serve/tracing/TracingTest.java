package ddim.serve.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.serve.call.CallRecord;
import ddim.serve.call.CallRecords;
import io.grpc.Metadata;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.junit5.OpenTelemetryExtension;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TracingTest {
  @RegisterExtension
  static final OpenTelemetryExtension TELEMETRY = OpenTelemetryExtension.create();

  private static final String METHOD = "ddim.v1.SamplingService/Sample";

  private final Tracing tracing = new Tracing(TELEMETRY.getOpenTelemetry());
  private final CallRecord call = CallRecords.of(METHOD);

  @Test
  void aCallIsPartOfItsClientsTraceAndHasItsQueueAndItsSegments() throws InterruptedException {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tracing.started(call, headers);
    call.uses("clothes", 3);
    call.asksFor(2, 10);
    for (int row : List.of(0, 1)) {
      tracing.rowStarted(call, row, Duration.ofMillis(40));
    }
    for (int steps : List.of(2, 5)) { // two graph calls of both rows
      Thread.sleep(2); // the clock of spans must move on
      tracing.rowAdvanced(call, 0, steps);
      tracing.rowAdvanced(call, 1, steps);
    }
    tracing.ended(call, Status.OK, Duration.ofMillis(50));

    List<SpanData> spans = TELEMETRY.getSpans();
    assertThat(spans)
        .extracting(SpanData::getName)
        .containsExactly("queue", "segment", "segment", METHOD);
    SpanData server = spans.get(3);
    assertThat(server.getKind()).isEqualTo(SpanKind.SERVER);
    assertThat(server.getTraceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    assertThat(server.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
    assertThat(server.getAttributes().get(AttributeKey.stringKey("ddim.model")))
        .isEqualTo("clothes");
    assertThat(server.getAttributes().get(AttributeKey.longKey("ddim.steps"))).isEqualTo(10);
    assertThat(spans.subList(0, 3)).allMatch(s -> s.getParentSpanId().equals(server.getSpanId()));
    SpanData queue = spans.get(0);
    assertThat(queue.getEndEpochNanos() - queue.getStartEpochNanos()).isEqualTo(40_000_000);
    assertThat(spans.get(1).getEndEpochNanos()).isEqualTo(spans.get(2).getStartEpochNanos());
  }

  @Test
  void aSecondBatchOfALargeCallHasSpansOfItsOwn() throws InterruptedException {
    tracing.started(call, new Metadata());
    tracing.rowStarted(call, 0, Duration.ofMillis(1));
    Thread.sleep(2);
    tracing.rowAdvanced(call, 0, 5);
    Thread.sleep(2);
    tracing.rowStarted(call, 1, Duration.ofMillis(9));
    Thread.sleep(2);
    tracing.rowAdvanced(call, 1, 5);
    tracing.ended(
        call, Status.UNAVAILABLE.withDescription("the model is being shut down"), Duration.ZERO);

    assertThat(TELEMETRY.getSpans())
        .extracting(SpanData::getName)
        .containsExactly("queue", "segment", "queue", "segment", METHOD);
    SpanData server = TELEMETRY.getSpans().get(4);
    assertThat(server.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(server.getStatus().getDescription()).isEqualTo("the model is being shut down");
    assertThat(server.getAttributes().get(AttributeKey.longKey("rpc.grpc.status_code")))
        .isEqualTo(14);
  }
}
