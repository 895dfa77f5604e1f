package ddim.serve.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.serve.batch.RowListener;
import ddim.serve.error.Errors;
import ddim.v1.Finished;
import ddim.v1.Preview;
import ddim.v1.Progress;
import ddim.v1.SampleStreamResponse;
import ddim.v1.Started;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Sends what happens to the images of one call, one event after the other.
 *
 * <p>Nothing is sent before the batcher has accepted the images: a call that is refused can be
 * tried again by any client, as its answer has not begun.
 *
 * <p>The dispatcher only notes what has happened; images are written and sent elsewhere. For a
 * reader who does not keep up the latest preview of each image waits until he reads on or the image
 * is ready, so what waits for him is bounded by the images that he has asked for.
 */
final class SampleStream implements RowListener {
  private final Samples samples;
  private final ServerCallStreamObserver<SampleStreamResponse> observer;
  private final Executor replies;
  private final CompletableFuture<Void> accepted = new CompletableFuture<>();

  /** The latest preview of each image that has not been sent; only events see it, one by one. */
  private final Map<Integer, Look> unsent = new LinkedHashMap<>();

  @GuardedBy("this")
  private CompletableFuture<Void> last;

  @GuardedBy("this")
  private final int[] stepsTaken;

  @GuardedBy("this")
  private boolean progressDue;

  /** An image on its way. */
  private record Look(int steps, float[] x, float[] x0) {}

  SampleStream(
      Samples samples, ServerCallStreamObserver<SampleStreamResponse> observer, Executor replies) {
    this.samples = samples;
    this.observer = observer;
    this.replies = replies;
    this.stepsTaken = new int[samples.seeds().length];
    this.last = accepted;
  }

  /**
   * Tells of images that the batcher was asked for, and ends the call when they are there, or
   * cannot be.
   *
   * @param requestId what Cancel calls the request
   */
  void follow(CompletableFuture<?> images, String requestId) {
    if (images.isCompletedExceptionally()) {
      accepted.completeExceptionally(new CancellationException("refused"));
    } else {
      start(requestId);
    }
    var unused = images.whenComplete((done, error) -> end(error));
  }

  private void start(String requestId) {
    Started started =
        Started.newBuilder()
            .setModel(samples.recipe().model())
            .setShape(samples.recipe().shape())
            .setImages(samples.seeds().length)
            .setSteps(samples.recipe().steps())
            .setRequestId(requestId)
            .build();
    replies.execute(
        () -> {
          try {
            observer.onNext(SampleStreamResponse.newBuilder().setStarted(started).build());
            accepted.complete(null);
          } catch (RuntimeException e) {
            accepted.completeExceptionally(e);
          }
        });
  }

  /** The reader has made room. */
  void readOn() {
    later(this::sendWhileReady);
  }

  @Override
  public synchronized void advanced(int index, int steps, float[] x, float[] x0, boolean finished) {
    stepsTaken[index] = steps;
    if (!progressDue) { // one for all rows of a graph call
      progressDue = true;
      later(this::sendProgress);
    }
    if (finished) {
      later(() -> sendFinished(index, x));
    } else if (samples.stops().contains(steps)) {
      later(() -> preview(index, new Look(steps, x, x0)));
    }
  }

  /** Ends the call, after all that is to be sent, or after what could not be sent. */
  private synchronized void end(@Nullable Throwable error) {
    last =
        last.handleAsync(
            (sent, failure) -> {
              finish(error == null ? failure : error);
              return null;
            },
            replies);
  }

  private void finish(@Nullable Throwable error) {
    samples.recipe().lease().close();
    unsent.clear();
    if (error == null) {
      observer.onCompleted();
    } else {
      observer.onError(Errors.toStatus(error));
    }
  }

  private void sendProgress() {
    long taken = 0;
    synchronized (this) {
      progressDue = false;
      for (int steps : stepsTaken) {
        taken += steps;
      }
    }
    if (observer.isReady()) {
      long inAll = (long) samples.seeds().length * samples.recipe().steps();
      Progress progress = Progress.newBuilder().setStepsTaken(taken).setStepsInAll(inAll).build();
      observer.onNext(SampleStreamResponse.newBuilder().setProgress(progress).build());
    }
  }

  private void preview(int index, Look look) {
    unsent.put(index, look); // in the place of an older one
    sendWhileReady();
  }

  private void sendWhileReady() {
    while (observer.isReady() && !unsent.isEmpty()) {
      sendPreview(unsent.keySet().iterator().next());
    }
  }

  private void sendPreview(int index) {
    Look look = unsent.remove(index);
    if (look == null) {
      return;
    }
    Preview.Builder preview =
        Preview.newBuilder()
            .setIndex(index)
            .setImage(samples.image(index, look.x0(), look.steps()));
    if (samples.noisy()) {
      preview.setNoisy(ImageCodec.raw(look.x()));
    }
    observer.onNext(SampleStreamResponse.newBuilder().setPreview(preview).build());
  }

  private void sendFinished(int index, float[] pixels) {
    sendPreview(index); // the last look at it, which must not come after it
    Finished finished =
        Finished.newBuilder()
            .setIndex(index)
            .setImage(samples.image(index, pixels, samples.recipe().steps()))
            .build();
    observer.onNext(SampleStreamResponse.newBuilder().setFinished(finished).build());
  }

  /** Sends after all that is to be sent already, unless that fails. */
  private synchronized void later(Runnable event) {
    last = last.thenRunAsync(event, replies);
  }
}
