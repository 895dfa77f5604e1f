package ddim.model;

/** A graph call was stopped because its time was over; the rows are as they were before it. */
public final class TrajectoryTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TrajectoryTimeoutException(String message, Throwable cause) {
    super(message, cause);
  }
}
