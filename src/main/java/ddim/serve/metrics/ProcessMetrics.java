package ddim.serve.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory, processors, threads and files of the process. */
final class ProcessMetrics implements AutoCloseable {
  private static final Path STATUS = Path.of("/proc/self/status"); // of Linux alone
  private static final int KIBI = 1024;

  private final JvmGcMetrics collector = new JvmGcMetrics();

  private ProcessMetrics() {}

  static ProcessMetrics register(MeterRegistry registry) {
    ProcessMetrics metrics = new ProcessMetrics();
    metrics.collector.bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    if (Files.isReadable(STATUS)) {
      // The heap is the least of it: weights and images of TensorFlow are outside.
      Gauge.builder("process.resident.memory", metrics, ProcessMetrics::residentBytes)
          .baseUnit("bytes")
          .description("Memory of the process that is in use, with that of TensorFlow")
          .register(registry);
    }
    return metrics;
  }

  private double residentBytes() {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmRSS:")) {
          return Double.parseDouble(line.replaceAll("[^0-9]", "")) * KIBI;
        }
      }
    } catch (IOException e) {
      return Double.NaN;
    }
    return Double.NaN;
  }

  @Override
  public void close() {
    collector.close();
  }
}
