package ddim.cli;

/** The caller asked for what cannot be: the exit code is 2. */
final class WrongCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  WrongCallException(String message) {
    super(message);
  }

  WrongCallException(Throwable cause) {
    super(ErrorText.of(cause), cause);
  }
}
