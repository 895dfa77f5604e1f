package ddim.serve.batch;

import static ddim.serve.batch.RefusedException.late;
import static ddim.serve.batch.RefusedException.stopping;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.SamplingModel;
import ddim.model.TrajectoryTimeoutException;
import ddim.serve.batch.RefusedException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Makes the images of many callers in few graph calls of one model.
 *
 * <p>Rows are batched, not requests: rows of any seed, step table and direction share a call, a
 * large request is cut and put together again. One dispatcher thread calls the graph; between two
 * calls finished, withdrawn and late rows leave and waiting rows join (whose turn it is: {@link
 * RowQueue}; how long a call is: {@link ColumnRule}).
 *
 * <p>Every job that {@link #submit} accepts ends exactly once: with its images, with what the model
 * threw, withdrawn by its caller, late by our own clock, or refused by a shutdown. Whoever takes it
 * out of the queue, under the lock, completes its result, outside the lock. The dispatcher ends
 * only when it is told to and no job is left; what a model throws ends the jobs of its batch.
 *
 * <p>Thread-safe.
 */
public final class Batcher implements AutoCloseable {
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);

  private final SamplingModel model;
  private final BatcherOptions options;
  private final TimeSource time;
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final RowQueue queue;

  /** When what is left is given up, once a shutdown has begun. */
  @GuardedBy("lock")
  private OptionalLong stopAt = OptionalLong.empty();

  private volatile Duration lastCall = Duration.ZERO;

  private Batcher(SamplingModel model, BatcherOptions options, TimeSource time) {
    this.model = model;
    this.options = options;
    this.time = time;
    this.queue = new RowQueue(options.maxEnqueuedImages());
  }

  /**
   * Starts the dispatcher of a model.
   *
   * @param name what the thread is called after
   * @param model stays the caller's, to be closed after {@link #terminated()}
   */
  public static Batcher start(
      String name, SamplingModel model, BatcherOptions options, TimeSource time) {
    Batcher batcher = new Batcher(model, options, time);
    Thread dispatcher = new Thread(batcher::dispatch, "ddim-batcher-" + name);
    dispatcher.setDaemon(true);
    dispatcher.start();
    return batcher;
  }

  /**
   * Asks for images.
   *
   * @param rows at least one
   * @param timeLeft how long the caller will wait; null for as long as it takes
   * @return to wait on, or to withdraw
   * @throws RefusedException if the queue has no room for all the rows, the time is over or the
   *     batcher is stopping
   * @throws IllegalArgumentException if there is no row, or one is of another size than the model
   */
  public Job submit(List<Row> rows, @Nullable Duration timeLeft) {
    return submit(rows, timeLeft, RowListener.NONE);
  }

  /**
   * Asks for images, and hears of them on their way.
   *
   * @see #submit(List, Duration)
   */
  public Job submit(List<Row> rows, @Nullable Duration timeLeft, RowListener listener) {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("no rows to sample");
    }
    rows.forEach(row -> row.requireSize(model.spec().unet().imageSize()));
    long now = time.nanoTime();
    OptionalLong deadline =
        timeLeft == null ? OptionalLong.empty() : OptionalLong.of(now + nanos(timeLeft));
    Job job = new Job(rows, now, deadline, listener, this::withdraw);
    if (job.isLate(now)) {
      throw late();
    }
    synchronized (lock) {
      if (stopAt.isPresent()) {
        throw stopping();
      }
      if (!queue.add(job)) {
        throw full(queue.waiting());
      }
      lock.notifyAll();
    }
    if (timeLeft != null) {
      Duration left = Duration.ofNanos(nanos(timeLeft));
      TimeSource.Alarm alarm = time.after(left, () -> end(job, late()));
      var unused = job.result().whenComplete((images, error) -> alarm.cancel());
    }
    return job;
  }

  /**
   * Takes no more jobs, refuses those of which nothing has been computed, and lets the others
   * finish for {@code grace}; what is left then is refused too. Returns at once.
   *
   * @return done when every caller has been answered, at the latest after {@code grace}
   */
  public CompletableFuture<Void> shutdown(Duration grace) {
    List<Job> unstarted;
    List<Job> started;
    synchronized (lock) {
      if (stopAt.isEmpty()) {
        stopAt = OptionalLong.of(time.nanoTime() + nanos(grace));
      }
      unstarted = queue.removeUnstarted();
      started = queue.jobs();
      lock.notifyAll();
    }
    unstarted.forEach(job -> job.result().completeExceptionally(stopping()));
    TimeSource.Alarm alarm =
        time.after(
            Duration.ofNanos(nanos(grace)), () -> started.forEach(job -> end(job, stopping())));
    return CompletableFuture.allOf(
            started.stream().map(Job::result).toArray(CompletableFuture<?>[]::new))
        .handle(
            (done, error) -> {
              alarm.cancel();
              return null;
            });
  }

  /** Done when the dispatcher has ended, after a shutdown: no graph call is running any more. */
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  /** Refuses all that is left and waits for the graph call under way. */
  @Override
  public void close() {
    shutdown(Duration.ZERO).join();
    terminated.join();
  }

  private void dispatch() {
    try {
      for (Batch batch = next(); batch != null; batch = next()) {
        run(batch);
      }
    } finally {
      giveUp();
      terminated.complete(null);
    }
  }

  /** Should the dispatcher end by a fault of its own, nobody waits for it, nor comes to wait. */
  private void giveUp() {
    List<Job> left;
    synchronized (lock) {
      stopAt = OptionalLong.of(time.nanoTime());
      left = queue.removeIf(job -> true);
    }
    left.forEach(job -> job.result().completeExceptionally(stopping()));
  }

  /** Waits for rows to compute; null when there will be none. */
  private @Nullable Batch next() {
    while (true) {
      List<Job> lateJobs;
      synchronized (lock) {
        long now = time.nanoTime();
        lateJobs = queue.removeIf(job -> job.isLate(now));
        if (lateJobs.isEmpty()) {
          if (queue.isEmpty() && stopAt.isPresent()) {
            return null;
          }
          Duration wait = windowLeft(now);
          if (wait != null && wait.isZero()) {
            return new Batch(queue.draw(options.maxBatchSize()));
          }
          await(wait);
        }
      }
      lateJobs.forEach(job -> job.result().completeExceptionally(late()));
    }
  }

  /** How long to wait for more rows: zero to start a batch, null to wait for the first row. */
  @GuardedBy("lock")
  private @Nullable Duration windowLeft(long now) {
    if (queue.isEmpty()) {
      return null;
    }
    if (!queue.isIdle() || queue.waiting() >= options.maxBatchSize()) {
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

  private void run(Batch batch) {
    long begin = time.nanoTime();
    try {
      batch.start(model);
      batch.advance(model, options, batch.limit(begin, stopAt()));
      lastCall = Duration.ofNanos(time.nanoTime() - begin);
      batch.tickets().forEach(this::settle);
    } catch (TrajectoryTimeoutException e) { // the limit was such that now nobody waits
      batch.tickets().forEach(ticket -> end(ticket.job(), outOfTime(ticket.job())));
    } catch (RuntimeException | Error e) { // an Error of one batch must not silence all others
      batch.tickets().forEach(ticket -> end(ticket.job(), e));
    }
  }

  private void settle(Ticket ticket) {
    if (!ticket.isFinished()) {
      return;
    }
    List<float[]> images;
    synchronized (lock) {
      images = queue.finish(ticket, ticket.image());
    }
    if (images != null) {
      ticket.job().result().complete(images);
    }
  }

  private OptionalLong stopAt() {
    synchronized (lock) {
      return stopAt;
    }
  }

  private void withdraw(Job job) {
    end(job, new CancellationException("withdrawn by the caller"));
  }

  /** Ends a job without images, unless it has ended before. */
  private void end(Job job, Throwable why) {
    synchronized (lock) {
      if (!queue.remove(job)) {
        return;
      }
      lock.notifyAll();
    }
    job.result().completeExceptionally(why);
  }

  private RefusedException outOfTime(Job job) {
    return stopAt().isPresent() && !job.isLate(time.nanoTime()) ? stopping() : late();
  }

  private RefusedException full(int waiting) {
    String message = waiting + " images wait already, of at most " + options.maxEnqueuedImages();
    Duration retry = lastCall.compareTo(SHORTEST_RETRY) < 0 ? SHORTEST_RETRY : lastCall;
    return new RefusedException(Reason.QUEUE_FULL, message, retry);
  }

  private static long nanos(Duration duration) {
    // Far enough away for never, near enough for differences of nanoTime not to overflow.
    Duration never = Duration.ofDays(36_500);
    return (duration.compareTo(never) > 0 ? never : duration).toNanos();
  }
}
