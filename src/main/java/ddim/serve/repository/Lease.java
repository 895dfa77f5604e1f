package ddim.serve.repository;

import ddim.diffusion.NoiseSchedule;
import ddim.model.ModelSpec;
import ddim.serve.batch.Batcher;
import java.util.concurrent.atomic.AtomicBoolean;

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

  /** Gives the model back; does nothing the second time. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      model.release();
    }
  }
}
