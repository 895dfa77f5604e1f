package ddim.serve.error;

import java.time.Duration;

/** A client has asked for more than its share. */
public final class QuotaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  /**
   * @param retryAfter when to try again
   */
  public QuotaException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  /** When to try again. */
  Duration retryAfter() {
    return retryAfter;
  }
}
