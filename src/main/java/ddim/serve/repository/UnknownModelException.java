package ddim.serve.repository;

/** A model or version was asked for that is not there; the message says what is. */
public final class UnknownModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnknownModelException(String message) {
    super(message);
  }
}
