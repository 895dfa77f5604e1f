package ddim.cli;

import ddim.cli.images.WrongCallException;
import ddim.serve.batch.BatcherOptions;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code ddim serve} that say how images become batches. */
final class BatchingFlags {
  private static final String AUTO = "auto";

  /** The most that is tried where nothing is said. */
  private static final int LARGEST_AUTO = 64;

  @Option(
      names = "--max-batch-size",
      defaultValue = AUTO,
      paramLabel = "N|auto",
      description = {
        "The most images of one graph call. auto, the default, measures sizes up to "
            + LARGEST_AUTO
            + " when a model is loaded, and takes the one beyond which throughput does not grow."
      })
  private String maxBatchSize;

  @Option(
      names = "--allowed-batch-sizes",
      split = ",",
      paramLabel = "N",
      description =
          "The sizes that batches are padded to, ascending to the largest (default: doubling).")
  private List<Integer> allowedBatchSizes = List.of();

  @Option(
      names = "--batch-timeout-micros",
      defaultValue = "0",
      paramLabel = "N",
      description = "How long an idle model waits for more images (default: ${DEFAULT-VALUE}).")
  private long batchTimeoutMicros;

  @Option(
      names = "--max-enqueued-batches",
      defaultValue = "64",
      paramLabel = "N",
      description = "How many images may wait, in units of the largest batch (default: 64).")
  private int maxEnqueuedBatches;

  @Option(
      names = "--columns-per-call",
      defaultValue = "0",
      paramLabel = "N",
      description = {
        "The most steps of one graph call: in between images join and leave. 0, the default,",
        "cuts trajectories only where an image is finished or to be shown."
      })
  private int columnsPerCall;

  @Option(
      names = "--priority-levels",
      defaultValue = "3",
      paramLabel = "N",
      description = "How many levels of priority there are (default: ${DEFAULT-VALUE}).")
  private int priorityLevels;

  @Option(
      names = "--default-priority-level",
      paramLabel = "N",
      description = "That of requests that name none; 1 is the most urgent (default: the middle).")
  private @Nullable Integer defaultPriorityLevel;

  private int defaultLevel() {
    return defaultPriorityLevel == null ? (priorityLevels + 1) / 2 : defaultPriorityLevel;
  }

  /**
   * What was said.
   *
   * @throws WrongCallException if a number is out of range
   */
  BatcherOptions options() {
    boolean auto = maxBatchSize.equals(AUTO);
    if (!auto && !maxBatchSize.matches("[0-9]{1,9}")) {
      throw new WrongCallException("max_batch_size must be a number or auto, is " + maxBatchSize);
    }
    int largest = auto ? LARGEST_AUTO : Integer.parseInt(maxBatchSize);
    if (auto && !allowedBatchSizes.isEmpty()) {
      largest = allowedBatchSizes.get(allowedBatchSizes.size() - 1);
    }
    try {
      BatcherOptions options =
          BatcherOptions.of(largest)
              .withBatchTimeout(Duration.of(batchTimeoutMicros, ChronoUnit.MICROS))
              .withMaxEnqueuedBatches(maxEnqueuedBatches)
              .withPriorityLevels(priorityLevels, defaultLevel())
              .withSweep(auto);
      if (!allowedBatchSizes.isEmpty()) {
        options = options.withAllowedBatchSizes(allowedBatchSizes);
      }
      return columnsPerCall == 0 ? options : options.withColumnsPerCall(columnsPerCall);
    } catch (IllegalArgumentException e) {
      throw new WrongCallException(String.valueOf(e.getMessage()));
    }
  }
}
