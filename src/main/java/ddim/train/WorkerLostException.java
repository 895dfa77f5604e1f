package ddim.train;

/** A process of a cluster is gone; the run ends, and can be resumed from its last checkpoint. */
public final class WorkerLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  WorkerLostException(String message) {
    super(message);
  }

  WorkerLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
