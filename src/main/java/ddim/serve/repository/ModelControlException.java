package ddim.serve.repository;

/** A change of what is served was asked for and cannot be; what is served is as before. */
public final class ModelControlException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** The folder is in control, not clients. */
    NOT_EXPLICIT,
    /** A version could not be loaded; the message has its reason. */
    BROKEN,
    /** A label was to be given to a version that is not available. */
    LABEL_UNAVAILABLE
  }

  private final Reason reason;

  ModelControlException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
