package ddim.data;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The batches of a run, one after the other, made ahead by a thread of its own: at most so many
 * wait to be taken.
 *
 * <p>For one thread that takes them.
 */
public final class BatchQueue implements AutoCloseable {
  private static final long LOOK_MILLIS = 100;

  private final BlockingQueue<Made> made;
  private final Thread maker;
  private volatile boolean closed;
  private long waitedNanos;

  /**
   * A batch.
   *
   * @param images [batchSize, height, width, channels]
   * @param labels one an image; empty if they were not asked for
   */
  public record Batch(byte[] images, int[] labels) {}

  private record Made(@Nullable Batch batch, @Nullable Throwable failure) {}

  /**
   * Begins to make batches.
   *
   * @param first the first batch
   * @param end one more than the last batch
   * @param labelled whether labels are wanted
   * @param ahead how many batches may wait, at least 1
   */
  public BatchQueue(Batches batches, long first, long end, boolean labelled, int ahead) {
    this.made = new ArrayBlockingQueue<>(ahead);
    this.maker = new Thread(() -> make(batches, first, end, labelled), "ddim-batches");
    maker.setDaemon(true);
    maker.start();
  }

  /**
   * The next batch.
   *
   * @throws IllegalStateException if an image could not be read, or the thread was interrupted
   */
  public Batch next() {
    long start = System.nanoTime();
    try {
      Made next = made.take();
      if (next.batch() == null) {
        Throwable failure = next.failure();
        throw new IllegalStateException(
            failure == null ? "no batch" : String.valueOf(failure.getMessage()), failure);
      }
      return next.batch();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for images", e);
    } finally {
      waitedNanos += System.nanoTime() - start;
    }
  }

  /** How long {@link #next} has waited, in all. */
  public long waitedNanos() {
    return waitedNanos;
  }

  @Override
  public void close() {
    closed = true;
    made.clear();
    maker.interrupt();
  }

  private void make(Batches batches, long first, long end, boolean labelled) {
    try {
      for (long step = first; step < end && !closed; step++) {
        byte[] images = new byte[batches.batchBytes()];
        batches.batch(step, images);
        put(new Made(new Batch(images, labelled ? batches.labels(step) : new int[0]), null));
      }
    } catch (InterruptedException e) { // closed: nobody takes any more
      return;
    } catch (RuntimeException | Error e) { // whoever waits is told
      try {
        put(new Made(null, e));
      } catch (InterruptedException gone) {
        return;
      }
    }
  }

  private void put(Made batch) throws InterruptedException {
    while (!closed && !made.offer(batch, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
      // look again whether somebody still wants it
    }
  }
}
