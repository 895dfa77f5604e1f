package ddim.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.sdk.OpenTelemetrySdk;
import org.junit.jupiter.api.Test;

class TelemetryTest {
  @Test
  void theLibrariesThatSendSpansAreThere() {
    try (OpenTelemetrySdk telemetry = (OpenTelemetrySdk) Telemetry.open()) {
      assertThat(telemetry.getPropagators().getTextMapPropagator().fields())
          .contains("traceparent");
      assertThat(telemetry.toString()).contains("OtlpHttpSpanExporter");
    }
  }
}
