package ddim.serve.inference;

import ddim.serve.batch.RowListener;
import ddim.serve.repository.Lease;
import ddim.serve.rpc.Call;
import ddim.serve.rpc.OpenCalls;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** One request that is being computed. */
final class Run {
  private final Inference inference;
  private final Call call;
  private final OpenCalls open;
  private final Executor replies;

  Run(Inference inference, OpenCalls open, Executor replies) {
    this.inference = inference;
    this.open = open;
    this.replies = replies;
    this.call = new Call(inference.lease().batcher(), inference.priority(), replies);
  }

  /**
   * Asks for the rows; gives the model back at the end.
   *
   * @param listener hears of the rows
   * @param reply makes the reply, not on the batcher's threads
   */
  <R> CompletableFuture<R> start(RowListener listener, Function<List<float[]>, R> reply) {
    if (inference.parameters().queueTimeout().isEmpty()) {
      return compute(listener, reply);
    }
    QueueTimeout timeout =
        QueueTimeout.start(inference.parameters().queueTimeout().get(), call, listener);
    return compute(timeout, reply)
        .whenComplete((done, error) -> timeout.end())
        .exceptionallyCompose(
            error ->
                CompletableFuture.failedFuture(
                    new CompletionException(timeout.explain(error, inference.id()))));
  }

  private <R> CompletableFuture<R> compute(RowListener listener, Function<List<float[]>, R> reply) {
    Lease lease = inference.lease();
    return lease.handOver(
        () ->
            open.run(call, open -> open.compute(inference.invocation().rows(), listener))
                .thenApplyAsync(reply, replies)
                .whenComplete((done, error) -> lease.close()));
  }

  /** The client has given up. */
  void cancel() {
    call.cancel();
  }
}
