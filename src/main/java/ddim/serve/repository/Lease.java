package ddim.serve.repository;

import ddim.diffusion.NoiseSchedule;
import ddim.model.ModelSpec;
import ddim.serve.batch.Batcher;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** The use of one loaded model: it stays loaded until this is closed. Thread-safe. */
public final class Lease implements AutoCloseable {
  private final ServedModel model;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param model already held for this lease
   */
  Lease(ServedModel model) {
    this.model = model;
  }

  public String name() {
    return model.name();
  }

  public long version() {
    return model.version();
  }

  public ModelSpec spec() {
    return model.spec();
  }

  /** The noise that the model was trained on. */
  public NoiseSchedule schedule() {
    return model.schedule();
  }

  /** Where its images are asked for. */
  public Batcher batcher() {
    return model.batcher();
  }

  /**
   * Does work after which others close this. If it throws, also for want of memory, the model is
   * given back here: one that never is, is never unloaded.
   *
   * @return what the work returns
   */
  public <T> T handOver(Supplier<T> work) {
    try {
      return work.get();
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** Gives the model back; does nothing the second time. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      model.release();
    }
  }
}
