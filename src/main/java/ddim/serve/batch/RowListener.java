package ddim.serve.batch;

import ddim.model.Trajectory;
import java.time.Duration;

/** Hears of rows on their way. Called on the dispatcher's thread: must neither block nor throw. */
public interface RowListener {
  /** Hears nothing. */
  RowListener NONE = (index, steps, x, x0, finished) -> {};

  /** A row has waited this long for its first graph call, which begins. */
  default void started(int index, Duration queueTime) {}

  /**
   * A graph call has taken a row further.
   *
   * @param index the row's place in its job
   * @param steps how many steps of its table it has taken
   * @param x the image as it is now, noisy, or the result if {@code finished}; not to be written to
   * @param x0 the clean image that the last step predicted; not to be written to
   * @param finished whether that was its last step
   */
  void advanced(int index, int steps, float[] x, float[] x0, boolean finished);

  /**
   * A row has taken its last step; not called for rows without steps.
   *
   * @param index the row's place in its job
   * @param row where it has ended; its arrays are not to be written to
   */
  default void finished(int index, Trajectory row) {}
}
