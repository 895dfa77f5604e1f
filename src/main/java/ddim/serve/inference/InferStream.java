package ddim.serve.inference;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.Trajectory;
import ddim.serve.batch.RowListener;
import inference.ModelInferRequest;
import inference.ModelInferResponse;
import inference.ModelStreamInferResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one stream. They are computed side by side; their final replies go out in the
 * order of the requests, previews when they come. What is wrong with a request is a message in the
 * stream, which goes on.
 *
 * <p>A client has a bounded number of requests under way, and the next ones are read when it has
 * read the replies; previews that a slow reader would only pile up are left out.
 */
final class InferStream implements StreamObserver<ModelInferRequest> {
  private static final int MOST_UNDER_WAY = 64;

  private final ServerCallStreamObserver<ModelStreamInferResponse> observer;
  private final Function<ModelInferRequest, Inference> reader;
  private final Executor replies;

  @GuardedBy("this")
  private final Set<Run> runs = new HashSet<>();

  @GuardedBy("this")
  private CompletableFuture<Void> lastReply = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private int toRequest;

  /**
   * @param reader reads a request; throws what is wrong with it
   * @param replies makes replies and sends them
   */
  InferStream(
      ServerCallStreamObserver<ModelStreamInferResponse> observer,
      Function<ModelInferRequest, Inference> reader,
      Executor replies) {
    this.observer = observer;
    this.reader = reader;
    this.replies = replies;
  }

  /** Begins to read. */
  InferStream start() {
    observer.disableAutoRequest();
    observer.setOnReadyHandler(this::readOn);
    observer.setOnCancelHandler(this::cancel);
    observer.request(MOST_UNDER_WAY);
    return this;
  }

  @Override
  public synchronized void onNext(ModelInferRequest request) {
    CompletableFuture<ModelInferResponse> result;
    Run run = null;
    try {
      Inference inference = reader.apply(request);
      run = new Run(inference, replies);
      runs.add(run);
      Previews previews = new Previews(inference);
      result =
          run.start(previews, inference::finalReply)
              .thenCompose(reply -> previews.sent().thenApply(sent -> reply));
    } catch (RuntimeException e) {
      result = CompletableFuture.failedFuture(e);
    }
    Run ended = run;
    lastReply =
        lastReply
            .thenCombine(
                result.handle((reply, error) -> message(request.getId(), reply, error)),
                (before, reply) -> reply)
            .thenAcceptAsync(reply -> sendFinal(reply, ended), replies);
  }

  @Override
  public void onError(Throwable error) {
    cancel();
  }

  @Override
  public synchronized void onCompleted() {
    lastReply = lastReply.thenRunAsync(this::complete, replies);
  }

  private synchronized void complete() {
    observer.onCompleted();
  }

  private void cancel() {
    Set<Run> left;
    synchronized (this) {
      left = Set.copyOf(runs);
    }
    left.forEach(Run::cancel);
  }

  private static ModelStreamInferResponse message(
      String id, @Nullable ModelInferResponse reply, @Nullable Throwable error) {
    ModelStreamInferResponse.Builder message = ModelStreamInferResponse.newBuilder();
    if (reply != null) {
      return message.setInferResponse(reply).build();
    }
    Throwable why = error == null ? new IllegalStateException("no reply") : error;
    String text = InferenceErrors.toStatus(why, id).getStatus().getDescription();
    return message
        .setErrorMessage(text == null ? "cancelled" : text)
        .setInferResponse(ModelInferResponse.newBuilder().setId(id))
        .build();
  }

  private synchronized void sendFinal(ModelStreamInferResponse message, @Nullable Run run) {
    if (run != null) {
      runs.remove(run);
    }
    if (observer.isCancelled()) {
      return;
    }
    observer.onNext(message);
    toRequest++;
    readOn();
  }

  private synchronized void readOn() {
    if (observer.isReady() && toRequest > 0) {
      observer.request(toRequest);
      toRequest = 0;
    }
  }

  private synchronized void sendPreview(ModelInferResponse preview) {
    if (observer.isReady() && !observer.isCancelled()) {
      observer.onNext(ModelStreamInferResponse.newBuilder().setInferResponse(preview).build());
    }
  }

  /** Sends the images of one request on their way, one after the other. */
  private final class Previews implements RowListener {
    private final Inference inference;
    private final RowListener listener;

    @GuardedBy("this")
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    Previews(Inference inference) {
      this.inference = inference;
      this.listener = inference.invocation().listener();
    }

    /** Done when all previews so far are sent. */
    synchronized CompletableFuture<Void> sent() {
      return last;
    }

    @Override
    public synchronized void advanced(
        int index, int steps, float[] x, float[] x0, boolean finished) {
      if (!finished && inference.parameters().previewAfter().contains(steps)) {
        last =
            last.thenRunAsync(() -> sendPreview(inference.preview(index, steps, x0)), replies)
                .exceptionally(error -> null); // the final reply will say what is wrong
      }
      listener.advanced(index, steps, x, x0, finished);
    }

    @Override
    public void started(int index, Duration queueTime) {
      listener.started(index, queueTime);
    }

    @Override
    public void finished(int index, Trajectory row) {
      listener.finished(index, row);
    }
  }
}
