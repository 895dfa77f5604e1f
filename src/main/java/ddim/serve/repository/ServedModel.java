package ddim.serve.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.diffusion.NoiseSchedule;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.serve.batch.Batcher;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One version of a model that is loaded, and how many use it.
 *
 * <p>Counts its holders: the repository is the first, every {@link Lease} is another. Who lets go
 * last unloads it; then nobody has rows in its batcher any more. Thread-safe.
 */
final class ServedModel {
  private final String name;
  private final long version;
  private final SamplingModel model;
  private final NoiseSchedule schedule;
  private final Batcher batcher;

  private final CompletableFuture<Void> unloaded;

  @GuardedBy("this")
  private int holders = 1;

  /** Takes over the model and the batcher. */
  ServedModel(String name, long version, SamplingModel model, Batcher batcher) {
    this.name = name;
    this.version = version;
    this.model = model;
    this.schedule = NoiseSchedule.of(model.spec().schedule());
    this.batcher = batcher;
    this.unloaded = batcher.terminated().thenRun(model::close);
  }

  String name() {
    return name;
  }

  long version() {
    return version;
  }

  ModelSpec spec() {
    return model.spec();
  }

  NoiseSchedule schedule() {
    return schedule;
  }

  Batcher batcher() {
    return batcher;
  }

  /** Counts one more holder; the caller must be one itself, or know of one that stays. */
  synchronized void hold() {
    if (holders == 0) {
      throw new IllegalStateException(name + " " + version + " is unloaded");
    }
    holders++;
  }

  /** Counts one holder less; the last one unloads the model. */
  void release() {
    synchronized (this) {
      holders--;
      if (holders > 0) {
        return;
      }
    }
    var unused = batcher.shutdown(Duration.ZERO);
  }

  /**
   * Done when the model is freed: after the last graph call of its batcher, which was shut down.
   */
  CompletableFuture<Void> unloaded() {
    return unloaded;
  }
}
