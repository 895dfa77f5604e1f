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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Sends what happens to the images of one call, one event after the other.
 *
 * <p>The dispatcher only notes what has happened; images are written and sent elsewhere. A reader
 * who does not keep up misses progress and previews, so what waits for him is bounded by the images
 * that he has asked for.
 */
final class SampleStream implements RowListener {
  private final Samples samples;
  private final ServerCallStreamObserver<SampleStreamResponse> observer;
  private final Executor replies;

  @GuardedBy("this")
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private final int[] stepsTaken;

  @GuardedBy("this")
  private boolean progressDue;

  SampleStream(
      Samples samples, ServerCallStreamObserver<SampleStreamResponse> observer, Executor replies) {
    this.samples = samples;
    this.observer = observer;
    this.replies = replies;
    this.stepsTaken = new int[samples.seeds().length];
  }

  /** Says that the request was accepted, and what Cancel calls it. */
  void start(String requestId) {
    Started started =
        Started.newBuilder()
            .setModel(samples.recipe().model())
            .setShape(samples.recipe().shape())
            .setImages(samples.seeds().length)
            .setSteps(samples.recipe().steps())
            .setRequestId(requestId)
            .build();
    later(() -> observer.onNext(SampleStreamResponse.newBuilder().setStarted(started).build()));
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
      later(() -> sendPreview(index, steps, x, x0));
    }
  }

  /** Ends the call, after all that is to be sent, or after what could not be sent. */
  synchronized void end(@Nullable Throwable error) {
    last =
        last.handleAsync(
            (sent, unsent) -> {
              finish(error == null ? unsent : error);
              return null;
            },
            replies);
  }

  private void finish(@Nullable Throwable error) {
    samples.recipe().lease().close();
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

  private void sendPreview(int index, int steps, float[] x, float[] x0) {
    if (observer.isReady()) {
      Preview.Builder preview =
          Preview.newBuilder().setIndex(index).setImage(samples.image(index, x0, steps));
      if (samples.noisy()) {
        preview.setNoisy(ImageCodec.raw(x));
      }
      observer.onNext(SampleStreamResponse.newBuilder().setPreview(preview).build());
    }
  }

  private void sendFinished(int index, float[] pixels) {
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
