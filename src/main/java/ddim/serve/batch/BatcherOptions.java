package ddim.serve.batch;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * How rows become batches; the names are those that operators of model servers know.
 *
 * @param maxBatchSize the most places of one graph call: a row has one, a guided row two ({@link
 *     Row#places()}), as the network computes it twice; with 1 a guided row has a call of two
 * @param batchTimeout how long an idle model waits for a batch to fill; zero, the default, never
 *     waits. Beside a running batch nobody waits for this: rows join when it ends.
 * @param allowedBatchSizes the sizes that the network computes, ascending, the last one {@code
 *     maxBatchSize}: a batch is padded to the next of them, so that few sets of kernels are in use
 * @param maxEnqueuedBatches how many images may wait, guided ones counted twice, in units of {@code
 *     maxBatchSize}
 * @param columnsPerCall the most steps of one graph call: rows join and leave in between. {@link
 *     #WHOLE_TRAJECTORY}, the default, cuts a trajectory only where another row ends.
 * @param priorityLevels how many levels of priority there are; under pressure each gets {@value
 *     Levels#SHARE} times as many places as the next
 * @param defaultPriorityLevel that of requests that name none; 1 is the most urgent
 * @param sweep whether {@code maxBatchSize} is only the most that may be: the {@link Calibration}
 *     of a model lowers it to the allowed size beyond which throughput does not grow
 */
public record BatcherOptions(
    int maxBatchSize,
    Duration batchTimeout,
    List<Integer> allowedBatchSizes,
    int maxEnqueuedBatches,
    int columnsPerCall,
    int priorityLevels,
    int defaultPriorityLevel,
    boolean sweep) {

  /** As many steps a call as the rows have. */
  public static final int WHOLE_TRAJECTORY = Integer.MAX_VALUE;

  private static final int MAX_ENQUEUED_BATCHES = 64;
  private static final int PRIORITY_LEVELS = 3;
  private static final int DEFAULT_PRIORITY_LEVEL = 2;
  private static final int MOST_PRIORITY_LEVELS = 10;

  /**
   * @throws IllegalArgumentException if a number is out of range, naming it as operators do
   */
  public BatcherOptions {
    allowedBatchSizes = List.copyOf(allowedBatchSizes);
    require(maxBatchSize >= 1, "max_batch_size must be at least 1, is " + maxBatchSize);
    require(!batchTimeout.isNegative(), "batch_timeout_micros must not be negative");
    require(
        maxEnqueuedBatches >= 1,
        "max_enqueued_batches must be at least 1, is " + maxEnqueuedBatches);
    require(
        (long) maxEnqueuedBatches * maxBatchSize <= Integer.MAX_VALUE,
        "max_enqueued_batches * max_batch_size must be at most %d, is %d * %d"
            .formatted(Integer.MAX_VALUE, maxEnqueuedBatches, maxBatchSize));
    require(columnsPerCall >= 1, "columns_per_call must be at least 1, is " + columnsPerCall);
    require(
        priorityLevels >= 1 && priorityLevels <= MOST_PRIORITY_LEVELS,
        "priority_levels must be from 1 to " + MOST_PRIORITY_LEVELS + ", is " + priorityLevels);
    require(
        defaultPriorityLevel >= 1 && defaultPriorityLevel <= priorityLevels,
        "default_priority_level must be from 1 to priority_levels "
            + priorityLevels
            + ", is "
            + defaultPriorityLevel);
    require(
        isAscendingTo(maxBatchSize, allowedBatchSizes),
        "allowed_batch_sizes must ascend from at least 1 to max_batch_size "
            + maxBatchSize
            + ", are "
            + allowedBatchSizes);
  }

  /** The defaults for batches of at most {@code maxBatchSize}: sizes double up to it. */
  public static BatcherOptions of(int maxBatchSize) {
    List<Integer> sizes =
        Stream.concat(
                Stream.iterate(1, size -> size < maxBatchSize, size -> size * 2),
                Stream.of(maxBatchSize))
            .toList();
    return new BatcherOptions(
        maxBatchSize,
        Duration.ZERO,
        sizes,
        MAX_ENQUEUED_BATCHES,
        WHOLE_TRAJECTORY,
        PRIORITY_LEVELS,
        DEFAULT_PRIORITY_LEVEL,
        false);
  }

  /** A copy with another window. */
  public BatcherOptions withBatchTimeout(Duration timeout) {
    return new BatcherOptions(
        maxBatchSize,
        timeout,
        allowedBatchSizes,
        maxEnqueuedBatches,
        columnsPerCall,
        priorityLevels,
        defaultPriorityLevel,
        sweep);
  }

  /** A copy with other padding sizes. */
  public BatcherOptions withAllowedBatchSizes(List<Integer> sizes) {
    return new BatcherOptions(
        maxBatchSize,
        batchTimeout,
        sizes,
        maxEnqueuedBatches,
        columnsPerCall,
        priorityLevels,
        defaultPriorityLevel,
        sweep);
  }

  /** A copy with another bound of the queue. */
  public BatcherOptions withMaxEnqueuedBatches(int batches) {
    return new BatcherOptions(
        maxBatchSize,
        batchTimeout,
        allowedBatchSizes,
        batches,
        columnsPerCall,
        priorityLevels,
        defaultPriorityLevel,
        sweep);
  }

  /** A copy with another length of graph calls. */
  public BatcherOptions withColumnsPerCall(int columns) {
    return new BatcherOptions(
        maxBatchSize,
        batchTimeout,
        allowedBatchSizes,
        maxEnqueuedBatches,
        columns,
        priorityLevels,
        defaultPriorityLevel,
        sweep);
  }

  /** A copy with other levels of priority. */
  public BatcherOptions withPriorityLevels(int levels, int defaultLevel) {
    return new BatcherOptions(
        maxBatchSize,
        batchTimeout,
        allowedBatchSizes,
        maxEnqueuedBatches,
        columnsPerCall,
        levels,
        defaultLevel,
        sweep);
  }

  /** A copy whose {@code maxBatchSize} is what a model's calibration may at most choose, or not. */
  public BatcherOptions withSweep(boolean measured) {
    return new BatcherOptions(
        maxBatchSize,
        batchTimeout,
        allowedBatchSizes,
        maxEnqueuedBatches,
        columnsPerCall,
        priorityLevels,
        defaultPriorityLevel,
        measured);
  }

  /** A copy with smaller batches: one of the allowed sizes; as many images may wait as before. */
  BatcherOptions cappedAt(int size) {
    return new BatcherOptions(
        size,
        batchTimeout,
        allowedBatchSizes.stream().filter(one -> one <= size).toList(),
        (maxEnqueuedImages() + size - 1) / size,
        columnsPerCall,
        priorityLevels,
        defaultPriorityLevel,
        sweep);
  }

  /** The most images that may wait, guided ones counted twice. */
  public int maxEnqueuedImages() {
    return maxEnqueuedBatches * maxBatchSize;
  }

  /** The size that a batch of so many places is padded to; of more than it may have, that. */
  int paddedSize(int places) {
    return allowedBatchSizes.stream().filter(size -> size >= places).findFirst().orElse(places);
  }

  private static boolean isAscendingTo(int last, List<Integer> sizes) {
    int before = 0;
    for (int size : sizes) {
      if (size <= before) {
        return false;
      }
      before = size;
    }
    return before == last;
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
