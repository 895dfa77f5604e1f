package ddim.serve.batch;

import static ddim.serve.batch.RefusedException.late;
import static ddim.serve.batch.RefusedException.stopping;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.serve.batch.BatchListener.Outcome;
import ddim.serve.batch.RefusedException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where jobs are from their submission to their end, and where the dispatcher waits for rows.
 *
 * <p>Whoever takes a job out of the queue, under the lock, ends it, outside the lock: so every job
 * has one end. Thread-safe.
 */
final class WaitingRoom {
  private final BatcherOptions options;
  private final TimeSource time;
  private final BatchListener listener;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final RowQueue queue;

  /** When what is left is given up, once a shutdown has begun. */
  @GuardedBy("lock")
  private OptionalLong stopAt = OptionalLong.empty();

  WaitingRoom(BatcherOptions options, TimeSource time, BatchListener listener) {
    this.options = options;
    this.time = time;
    this.listener = listener;
    this.queue = new RowQueue(options.maxEnqueuedImages(), options.priorityLevels());
  }

  /** How many rows have not begun. */
  int waiting() {
    synchronized (lock) {
      return queue.waiting();
    }
  }

  /** How many rows have begun and are not finished. */
  int started() {
    synchronized (lock) {
      return queue.started();
    }
  }

  /** See {@link RowQueue#ahead}. */
  Ahead ahead(String client, int level, int places) {
    synchronized (lock) {
      return queue.ahead(client, level, places);
    }
  }

  /**
   * Takes a job in.
   *
   * @param retryAfter what a refused caller is told
   * @throws RefusedException if there is no room, or a shutdown has begun; a sequel is let in until
   *     the end of the grace
   */
  void add(Job job, Duration retryAfter) {
    List<Job> displaced;
    synchronized (lock) {
      if (stopAt.isPresent() && !(job.isSequel() && stopAt.getAsLong() - time.nanoTime() > 0)) {
        throw stopping();
      }
      displaced = queue.add(job);
      if (displaced == null) {
        throw full(waitAlready(), retryAfter);
      }
      listener.accepted(job.rows().size()); // before the dispatcher can begin with them
      lock.notifyAll();
    }
    displaced.forEach(one -> fail(one, full("others who had fewer made them wait", retryAfter)));
  }

  @GuardedBy("lock")
  private String waitAlready() {
    int places = queue.waitingPlaces();
    return queue.waiting()
        + " images wait already"
        + (places == queue.waiting() ? "" : ", the guided ones counted twice " + places);
  }

  private RefusedException full(String why, Duration retryAfter) {
    return new RefusedException(
        Reason.QUEUE_FULL, why + ", of at most " + options.maxEnqueuedImages(), retryAfter);
  }

  /** Waits until there are rows to compute; false when there will be none. */
  boolean awaitRows() {
    while (true) {
      List<Job> lateJobs;
      synchronized (lock) {
        long now = time.nanoTime();
        lateJobs = queue.removeIf(job -> job.isLate(now));
        if (lateJobs.isEmpty()) {
          if (queue.isEmpty() && stopAt.isPresent()) {
            return false;
          }
          Duration wait = windowLeft(now);
          if (wait != null && wait.isZero()) {
            return true;
          }
          await(wait);
        }
      }
      lateJobs.forEach(job -> fail(job, late()));
    }
  }

  /**
   * The rows of the next batch; null if all have gone since they were waited for.
   *
   * <p>Where more rows wait than a batch holds, none begins that would be late: its place is
   * another's.
   *
   * @param least how long a job takes at least that begins now, in nanoseconds
   */
  @Nullable Batch draw(ToLongFunction<Job> least) {
    List<Job> lateJobs;
    List<Job> hopeless = List.of();
    Batch batch;
    synchronized (lock) {
      long now = time.nanoTime();
      lateJobs = queue.removeIf(job -> job.isLate(now));
      if (queue.waitingPlaces() + queue.started() > options.maxBatchSize()) {
        hopeless = queue.removeUnstartedIf(job -> job.isLate(now + least.applyAsLong(job)));
      }
      batch = queue.isEmpty() ? null : new Batch(queue.draw(options.maxBatchSize()));
    }
    lateJobs.forEach(job -> fail(job, late()));
    hopeless.forEach(job -> fail(job, late("the time that is left is too short for its steps")));
    return batch;
  }

  /** Whether there are rows that are not finished. */
  boolean isBusy() {
    synchronized (lock) {
      return !queue.isEmpty();
    }
  }

  /** How long to wait for more rows: zero to start a batch, null to wait for the first row. */
  @GuardedBy("lock")
  private @Nullable Duration windowLeft(long now) {
    if (queue.isEmpty()) {
      return null;
    }
    if (queue.started() > 0 || queue.waitingPlaces() >= options.maxBatchSize()) {
      return Duration.ZERO;
    }
    long oldest = queue.jobs().stream().mapToLong(job -> now - job.arrival()).max().orElse(0);
    Duration left = options.batchTimeout().minusNanos(oldest);
    return left.isNegative() ? Duration.ZERO : left;
  }

  @GuardedBy("lock")
  private void await(@Nullable Duration atMost) {
    TimeSource.Alarm alarm = atMost == null ? () -> {} : time.after(atMost, this::wake);
    try {
      lock.wait(); // woken without cause, the caller looks again
    } catch (InterruptedException e) {
      // Nobody has a reason to interrupt this thread: waiters are not lost to one who does.
    }
    alarm.cancel();
  }

  private void wake() {
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  /** Takes in the image of a finished row, and ends its job if that was the last. */
  void finish(Ticket ticket) {
    List<float[]> images;
    synchronized (lock) {
      images = queue.finish(ticket, ticket.image());
    }
    if (images != null) {
      tell(Outcome.DONE, ticket.job());
      ticket.job().complete(images);
    }
  }

  /** Ends a job without images, unless it has ended before. */
  void end(Job job, Throwable why) {
    synchronized (lock) {
      if (!queue.remove(job)) {
        return;
      }
      lock.notifyAll();
    }
    fail(job, why);
  }

  /**
   * Takes no more jobs, and ends those of which nothing has been computed.
   *
   * @return those that are left
   */
  List<Job> shutdown(long endOfGrace) {
    List<Job> unstarted;
    List<Job> started;
    synchronized (lock) {
      if (stopAt.isEmpty()) {
        stopAt = OptionalLong.of(endOfGrace);
      }
      unstarted = queue.removeUnstarted();
      started = queue.jobs();
      lock.notifyAll();
    }
    unstarted.forEach(job -> fail(job, stopping()));
    return started;
  }

  /** Takes no more jobs and ends all. */
  void giveUp() {
    List<Job> left;
    synchronized (lock) {
      stopAt = OptionalLong.of(time.nanoTime());
      left = queue.removeIf(job -> true);
    }
    left.forEach(job -> fail(job, stopping()));
  }

  OptionalLong stopAt() {
    synchronized (lock) {
      return stopAt;
    }
  }

  private void fail(Job job, Throwable why) {
    tell(outcome(why), job);
    job.fail(why, time.nanoTime());
  }

  private void tell(Outcome outcome, Job job) {
    Duration since = Duration.ofNanos(time.nanoTime() - job.arrival());
    listener.ended(outcome, job.rows().size(), since);
  }

  private static Outcome outcome(Throwable why) {
    if (why instanceof CancellationException) {
      return Outcome.WITHDRAWN;
    }
    if (why instanceof RefusedException refused) {
      return refused.reason() == Reason.LATE ? Outcome.LATE : Outcome.REFUSED;
    }
    return Outcome.FAILED;
  }
}
