package ddim.cli.config;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.Map;

/** Where spans go: as the environment's variables {@code OTEL_...} say. */
final class Telemetry {
  private Telemetry() {}

  /** Traces alone, over HTTP unless the environment says otherwise; the server closes it. */
  static OpenTelemetry open() {
    return AutoConfiguredOpenTelemetrySdk.builder()
        .addPropertiesSupplier(
            () ->
                Map.of(
                    "otel.service.name", "ddim",
                    "otel.exporter.otlp.protocol", "http/protobuf",
                    "otel.metrics.exporter", "none",
                    "otel.logs.exporter", "none"))
        .disableShutdownHook()
        .build()
        .getOpenTelemetrySdk();
  }
}
