package ddim.serve.inference;

import ddim.model.Trajectory;
import ddim.serve.batch.RowListener;
import ddim.serve.rpc.Call;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Triton's {@code timeout}: how long a request may wait in the queue. Once a row of it is being
 * computed the request is answered, however long that takes.
 */
final class QueueTimeout implements RowListener {
  private final RowListener listener;
  private final CompletableFuture<Boolean> begun = new CompletableFuture<>();

  private QueueTimeout(RowListener listener) {
    this.listener = listener;
  }

  /** What to give to the batcher in the place of {@code listener}. */
  static QueueTimeout start(Duration timeout, Call call, RowListener listener) {
    QueueTimeout waiting = new QueueTimeout(listener);
    long nanos = timeout.compareTo(Duration.ofDays(1)) > 0 ? Long.MAX_VALUE : timeout.toNanos();
    var unused =
        waiting
            .begun
            .completeOnTimeout(false, nanos, TimeUnit.NANOSECONDS)
            .thenAccept(
                inTime -> {
                  if (!inTime) {
                    call.cancel();
                  }
                });
    return waiting;
  }

  /** What to tell the client of a request that has failed. */
  Throwable explain(Throwable error, String id) {
    return !begun.getNow(true)
        ? Status.UNAVAILABLE
            .withDescription(InferenceErrors.request(id) + "Request timeout expired")
            .asRuntimeException()
        : error;
  }

  /** The request has ended: nobody waits any more. */
  void end() {
    begun.complete(true);
  }

  @Override
  public void started(int index, Duration queueTime) {
    begun.complete(true);
    listener.started(index, queueTime);
  }

  @Override
  public void advanced(int index, int steps, float[] x, float[] x0, boolean finished) {
    listener.advanced(index, steps, x, x0, finished);
  }

  @Override
  public void finished(int index, Trajectory row) {
    listener.finished(index, row);
  }
}
