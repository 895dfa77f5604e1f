package ddim.cli.images;

/** The caller asked for what cannot be; the message has every reason, in one line. */
public final class WrongCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WrongCallException(String message) {
    super(message);
  }

  WrongCallException(Throwable cause) {
    super(String.valueOf(cause.getMessage()).replace("\n", "; "), cause);
  }
}
