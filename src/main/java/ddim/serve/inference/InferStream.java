package ddim.serve.inference;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.Trajectory;
import ddim.serve.batch.RowListener;
import ddim.serve.rpc.OpenCalls;
import inference.ModelInferRequest;
import inference.ModelInferResponse;
import inference.ModelStreamInferResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
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
 * read the replies. For a slow reader the latest preview of each image waits until he reads on or
 * the request is answered, so what waits is bounded by the images under way.
 */
final class InferStream implements StreamObserver<ModelInferRequest> {
  private static final int MOST_UNDER_WAY = 64;

  private final ServerCallStreamObserver<ModelStreamInferResponse> observer;
  private final Function<ModelInferRequest, Inference> reader;
  private final OpenCalls open;
  private final Executor replies;

  @GuardedBy("this")
  private final Set<Run> runs = new HashSet<>();

  /** Requests with previews that have not been sent; the one that has waited longest first. */
  @GuardedBy("this")
  private final Set<Previews> unsent = new LinkedHashSet<>();

  @GuardedBy("this")
  private CompletableFuture<Void> lastReply = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private int toRequest;

  /**
   * @param reader reads a request; throws what is wrong with it
   * @param open the calls of all services
   * @param replies makes replies and sends them
   */
  InferStream(
      ServerCallStreamObserver<ModelStreamInferResponse> observer,
      Function<ModelInferRequest, Inference> reader,
      OpenCalls open,
      Executor replies) {
    this.observer = observer;
    this.reader = reader;
    this.open = open;
    this.replies = replies;
  }

  /** Begins to read. */
  InferStream start() {
    observer.disableAutoRequest();
    observer.setOnReadyHandler(this::readOn);
    observer.setOnCancelHandler(this::cancel);
    observer.setOnCloseHandler(this::cancel); // by us too, as after a message that is none
    observer.request(MOST_UNDER_WAY);
    return this;
  }

  @Override
  public synchronized void onNext(ModelInferRequest request) {
    CompletableFuture<ModelInferResponse> result;
    Run run = null;
    Previews previews = null;
    try {
      Inference inference = reader.apply(request);
      run = new Run(inference, open, replies);
      runs.add(run);
      Previews begun = new Previews(inference);
      previews = begun;
      result =
          run.start(begun, inference::finalReply)
              .thenCompose(reply -> begun.noted().thenApply(noted -> reply));
    } catch (RuntimeException e) {
      result = CompletableFuture.failedFuture(e);
    }
    Run ended = run;
    Previews looks = previews;
    lastReply =
        lastReply
            .thenCombine(
                result.handle((reply, error) -> message(request.getId(), reply, error)),
                (before, reply) -> reply)
            .thenAcceptAsync(reply -> sendFinal(reply, ended, looks), replies);
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

  private synchronized void sendFinal(
      ModelStreamInferResponse message, @Nullable Run run, @Nullable Previews previews) {
    if (run != null) {
      runs.remove(run);
    }
    if (previews != null) {
      previews.end(message.getErrorMessage().isEmpty() && !observer.isCancelled());
      unsent.remove(previews);
    }
    if (observer.isCancelled()) {
      return;
    }
    observer.onNext(message);
    toRequest++;
    readOn();
  }

  private synchronized void readOn() {
    while (observer.isReady() && !unsent.isEmpty()) {
      Previews first = unsent.iterator().next();
      if (!first.sendOne()) {
        unsent.remove(first);
      }
    }
    if (observer.isReady() && toRequest > 0) {
      observer.request(toRequest);
      toRequest = 0;
    }
  }

  private synchronized void preview(Previews previews, int index, Look look) {
    if (!observer.isCancelled() && previews.put(index, look)) {
      unsent.add(previews);
      readOn();
    }
  }

  /** An image on its way. */
  private record Look(int steps, float[] x0) {}

  /** The images of one request on their way. */
  private final class Previews implements RowListener {
    private final Inference inference;
    private final RowListener listener;

    /**
     * The latest of each image that has not been sent; in the lock of the stream, as is all else.
     */
    private final Map<Integer, Look> latest = new LinkedHashMap<>();

    private boolean ended;

    @GuardedBy("this")
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    Previews(Inference inference) {
      this.inference = inference;
      this.listener = inference.invocation().listener();
    }

    /** Done when the stream knows of all previews so far. */
    synchronized CompletableFuture<Void> noted() {
      return last;
    }

    /** Takes one in, in the place of an older one; false if the request has been answered. */
    boolean put(int index, Look look) {
      if (!ended) {
        latest.put(index, look);
      }
      return !ended;
    }

    /** Sends the one that has waited longest; false if there is none. */
    boolean sendOne() {
      var waiting = latest.entrySet().iterator();
      if (!waiting.hasNext()) {
        return false;
      }
      Map.Entry<Integer, Look> first = waiting.next();
      waiting.remove();
      Look look = first.getValue();
      observer.onNext(
          ModelStreamInferResponse.newBuilder()
              .setInferResponse(inference.preview(first.getKey(), look.steps(), look.x0()))
              .build());
      return true;
    }

    /**
     * The request is about to be answered.
     *
     * @param isReader whether somebody wants to see what there is
     */
    void end(boolean isReader) {
      ended = true;
      while (isReader && sendOne()) {}
      latest.clear();
    }

    @Override
    public synchronized void advanced(
        int index, int steps, float[] x, float[] x0, boolean finished) {
      if (!finished && inference.parameters().previewAfter().contains(steps)) {
        last =
            last.thenRunAsync(() -> preview(this, index, new Look(steps, x0)), replies)
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
