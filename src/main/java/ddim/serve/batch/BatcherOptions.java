package ddim.serve.batch;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * How rows become batches; the names are those that operators of model servers know.
 *
 * @param maxBatchSize the most rows of one graph call
 * @param batchTimeout how long an idle model waits for a batch to fill; zero, the default, never
 *     waits. Beside a running batch nobody waits for this: rows join when it ends.
 * @param allowedBatchSizes the sizes that the graph computes, ascending, the last one {@code
 *     maxBatchSize}: a batch is padded to the next of them, so that few sets of kernels are in use
 * @param maxEnqueuedBatches how many images may wait, in units of {@code maxBatchSize}
 * @param columnsPerCall the most steps of one graph call: rows join and leave in between. {@link
 *     #WHOLE_TRAJECTORY}, the default, cuts a trajectory only where another row ends.
 */
public record BatcherOptions(
    int maxBatchSize,
    Duration batchTimeout,
    List<Integer> allowedBatchSizes,
    int maxEnqueuedBatches,
    int columnsPerCall) {

  /** As many steps a call as the rows have. */
  public static final int WHOLE_TRAJECTORY = Integer.MAX_VALUE;

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
        "max_enqueued_batches * max_batch_size is too large");
    require(columnsPerCall >= 1, "columns_per_call must be at least 1, is " + columnsPerCall);
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
    return new BatcherOptions(maxBatchSize, Duration.ZERO, sizes, 64, WHOLE_TRAJECTORY);
  }

  /** A copy with another window. */
  public BatcherOptions withBatchTimeout(Duration timeout) {
    return new BatcherOptions(
        maxBatchSize, timeout, allowedBatchSizes, maxEnqueuedBatches, columnsPerCall);
  }

  /** A copy with other padding sizes. */
  public BatcherOptions withAllowedBatchSizes(List<Integer> sizes) {
    return new BatcherOptions(
        maxBatchSize, batchTimeout, sizes, maxEnqueuedBatches, columnsPerCall);
  }

  /** A copy with another bound of the queue. */
  public BatcherOptions withMaxEnqueuedBatches(int batches) {
    return new BatcherOptions(
        maxBatchSize, batchTimeout, allowedBatchSizes, batches, columnsPerCall);
  }

  /** A copy with another length of graph calls. */
  public BatcherOptions withColumnsPerCall(int columns) {
    return new BatcherOptions(
        maxBatchSize, batchTimeout, allowedBatchSizes, maxEnqueuedBatches, columns);
  }

  /** The most images that may wait. */
  public int maxEnqueuedImages() {
    return maxEnqueuedBatches * maxBatchSize;
  }

  /** The size that a batch of {@code rows} is padded to. */
  int paddedSize(int rows) {
    return allowedBatchSizes.stream().filter(size -> size >= rows).findFirst().orElse(maxBatchSize);
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
