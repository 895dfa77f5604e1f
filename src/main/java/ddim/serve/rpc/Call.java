package ddim.serve.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.Trajectory;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.Job;
import ddim.serve.batch.RefusedException;
import ddim.serve.batch.Row;
import ddim.serve.batch.RowListener;
import ddim.serve.call.CallRecord;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One client's call: what it waits for is withdrawn when the client gives up. Thread-safe. */
public final class Call {
  private final Batcher batcher;
  private final Executor replies;
  private final Caller caller;

  @GuardedBy("this")
  private @Nullable Job job;

  @GuardedBy("this")
  private boolean cancelled;

  /**
   * The call that is being handled on this thread, at the default priority; waits for nothing yet.
   *
   * @param replies runs what takes time, such as writing images
   */
  public Call(Batcher batcher, Executor replies) {
    this(batcher, Caller.current(0), replies);
  }

  /**
   * As the other, at a priority.
   *
   * @param priority as in {@link ddim.serve.batch.Terms}
   */
  public Call(Batcher batcher, int priority, Executor replies) {
    this(batcher, Caller.current(priority), replies);
  }

  /** As the other, of a caller that is known. */
  Call(Batcher batcher, Caller caller, Executor replies) {
    this.batcher = batcher;
    this.caller = caller;
    this.replies = replies;
  }

  /** Who makes it. */
  Caller caller() {
    return caller;
  }

  /** What becomes of the images of rows. */
  <R> CompletableFuture<R> compute(List<Row> rows, Function<List<float[]>, R> reply) {
    return compute(rows, RowListener.NONE).thenApplyAsync(reply, replies);
  }

  /**
   * What becomes of the images of rows that other rows lead to; once it has begun it may finish,
   * though the server is told to stop.
   *
   * @param then the rows that the images of {@code rows} lead to
   * @param images how many these are
   * @param steps of all of them together
   */
  <R> CompletableFuture<R> computeThen(
      List<Row> rows,
      Function<List<float[]>, List<Row>> then,
      int images,
      long steps,
      Function<List<float[]>, R> reply) {
    long work = rows.stream().mapToLong(Row::work).sum() + steps;
    return submit(
            rows.size() + images,
            work,
            record ->
                batcher.submit(rows, caller.terms(), new Noted(RowListener.NONE, record), then))
        .thenApplyAsync(reply, replies);
  }

  /**
   * The images of rows; fails with what {@link Batcher#submit} throws or {@link Job#result}. What
   * is not let in, or has to make way unstarted, does not count as asked for.
   */
  public CompletableFuture<List<float[]>> compute(List<Row> rows, RowListener listener) {
    return submit(
        rows.size(),
        rows.stream().mapToLong(Row::work).sum(),
        record -> batcher.submit(rows, caller.terms(), new Noted(listener, record)));
  }

  private synchronized CompletableFuture<List<float[]>> submit(
      int images, long work, Function<CallRecord, Job> submission) {
    if (cancelled) {
      return CompletableFuture.failedFuture(new CancellationException("cancelled by the client"));
    }
    CallRecord record = caller.record();
    try {
      record.asksFor(images, work);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
    try {
      job = submission.apply(record);
    } catch (RuntimeException e) {
      record.turnedAway(images);
      return CompletableFuture.failedFuture(e);
    }
    return job.result()
        .whenComplete(
            (made, error) -> {
              if (error instanceof RefusedException refused
                  && refused.reason() == RefusedException.Reason.QUEUE_FULL) {
                record.turnedAway(images); // it had to make way, unstarted
              }
            });
  }

  /** The client has given up. */
  public void cancel() {
    Job withdrawn;
    synchronized (this) {
      cancelled = true;
      withdrawn = job;
    }
    if (withdrawn != null) {
      withdrawn.withdraw();
    }
  }

  /** Notes what becomes of rows. */
  private record Noted(RowListener listener, CallRecord record) implements RowListener {
    @Override
    public void started(int index, Duration queueTime) {
      record.rowStarted(index, queueTime);
      listener.started(index, queueTime);
    }

    @Override
    public void advanced(int index, int steps, float[] x, float[] x0, boolean finished) {
      record.rowAdvanced(index, steps);
      listener.advanced(index, steps, x, x0, finished);
    }

    @Override
    public void finished(int index, Trajectory row) {
      listener.finished(index, row);
    }
  }
}
