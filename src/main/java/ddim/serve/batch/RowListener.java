package ddim.serve.batch;

/** Hears of rows on their way. Called on the dispatcher's thread: must neither block nor throw. */
public interface RowListener {
  /** Hears nothing. */
  RowListener NONE = (index, steps, x0, finished) -> {};

  /**
   * A graph call has taken a row further.
   *
   * @param index the row's place in its job
   * @param steps how many steps of its table it has taken
   * @param x0 the image as it is now: the predicted x0, or the result if {@code finished}; not to
   *     be written to
   * @param finished whether that was its last step
   */
  void advanced(int index, int steps, float[] x0, boolean finished);
}
