package ddim.serve.error;

/** A request is to be cancelled that is not there. */
public final class UnknownRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UnknownRequestException(String message) {
    super(message);
  }
}
