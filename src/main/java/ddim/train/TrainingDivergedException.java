package ddim.train;

/** The loss of a step was not finite; the run stopped and the last checkpoint stands. */
public final class TrainingDivergedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TrainingDivergedException(String message) {
    super(message);
  }
}
