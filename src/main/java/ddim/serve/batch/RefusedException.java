package ddim.serve.batch;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Images were asked for and will not be made, through no fault of the request or the model. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** Too many images wait already. */
    QUEUE_FULL,
    /** The models are not loaded yet. */
    LOADING,
    /** The server, or this model, is being shut down. */
    STOPPING,
    /** The caller's time is over. */
    LATE
  }

  private final Reason reason;
  private final @Nullable Duration retryAfter;

  /**
   * @param retryAfter when to try again; null where trying again here is of no use
   */
  public RefusedException(Reason reason, String message, @Nullable Duration retryAfter) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  static RefusedException stopping() {
    return new RefusedException(Reason.STOPPING, "the model is being shut down", null);
  }

  static RefusedException late() {
    return late("the caller's time was over before the images");
  }

  static RefusedException late(String why) {
    return new RefusedException(Reason.LATE, why, null);
  }

  public Reason reason() {
    return reason;
  }

  /** When to try again, if that is of use. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
