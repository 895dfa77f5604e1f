package ddim.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code ddim serve} that say how images become batches, by configuration key. */
final class BatchingFlags {
  @Option(
      names = "--max-batch-size",
      paramLabel = "N|auto",
      description = {
        "batching.max_batch_size: the most images of one graph call. auto, the default, measures",
        "sizes up to 64 when a model is loaded, and takes the one beyond which throughput does not",
        "grow."
      })
  private @Nullable String maxBatchSize;

  @Option(
      names = "--allowed-batch-sizes",
      paramLabel = "N,N",
      description = {
        "batching.allowed_batch_sizes: the sizes that batches are padded to, ascending to the",
        "largest (default: doubling)."
      })
  private @Nullable String allowedBatchSizes;

  @Option(
      names = "--batch-timeout-micros",
      paramLabel = "N",
      description = "batching.batch_timeout_micros: how long an idle model waits (default: 0).")
  private @Nullable String batchTimeoutMicros;

  @Option(
      names = "--max-enqueued-batches",
      paramLabel = "N",
      description = {
        "batching.max_enqueued_batches: how many images may wait, in units of the largest batch",
        "(default: 64)."
      })
  private @Nullable String maxEnqueuedBatches;

  @Option(
      names = "--columns-per-call",
      paramLabel = "N",
      description = {
        "batching.columns_per_call: the most steps of one graph call: in between images join and",
        "leave. 0, the default, cuts trajectories only where an image is finished or to be shown."
      })
  private @Nullable String columnsPerCall;

  @Option(
      names = "--priority-levels",
      paramLabel = "N",
      description = "batching.priority_levels: how many there are (default: 3).")
  private @Nullable String priorityLevels;

  @Option(
      names = "--default-priority-level",
      paramLabel = "N",
      description = {
        "batching.default_priority_level: that of requests that name none; 1 is the most urgent",
        "(default: the middle)."
      })
  private @Nullable String defaultPriorityLevel;

  /** The values that are given, by the key that they stand for. */
  Map<String, String> byKey() {
    Map<String, String> given = new LinkedHashMap<>();
    put(given, "max_batch_size", maxBatchSize);
    put(
        given,
        "allowed_batch_sizes",
        allowedBatchSizes == null ? null : "[" + allowedBatchSizes + "]");
    put(given, "batch_timeout_micros", batchTimeoutMicros);
    put(given, "max_enqueued_batches", maxEnqueuedBatches);
    put(given, "columns_per_call", columnsPerCall);
    put(given, "priority_levels", priorityLevels);
    put(given, "default_priority_level", defaultPriorityLevel);
    return given;
  }

  private static void put(Map<String, String> given, String key, @Nullable String value) {
    if (value != null) {
      given.put("batching." + key, value);
    }
  }
}
