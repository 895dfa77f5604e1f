package ddim.model;

import ddim.diffusion.StepTable;

/**
 * One image on its way through a step table: the state that {@link SamplingModel#advance} carries
 * from call to call.
 *
 * <p>Not thread-safe: it belongs to whoever advances it.
 */
public final class Trajectory {
  private final long seed;
  private final StepTable table;
  private final Condition condition;
  private float[] x;
  private float[] x0;
  private float[] history;
  private int position;

  /**
   * @param seed decides the noise of the steps, together with their timesteps
   * @param start the image at the level where the table starts, height * width * channels numbers;
   *     not copied, never written to
   * @param table the steps to take
   */
  public Trajectory(long seed, float[] start, StepTable table) {
    this(seed, start, new float[StepTable.HISTORY * start.length], table);
  }

  /**
   * A trajectory that others have begun.
   *
   * @param history the predictions kept so far, newest first, [{@link StepTable#HISTORY}][image];
   *     not copied, never written to
   * @throws IllegalArgumentException if the history is of another image size
   */
  public Trajectory(long seed, float[] start, float[] history, StepTable table) {
    this(seed, start, history, table, Condition.NONE);
  }

  /** A trajectory to what a condition asks for. */
  public Trajectory(
      long seed, float[] start, float[] history, StepTable table, Condition condition) {
    if (history.length != StepTable.HISTORY * start.length) {
      throw new IllegalArgumentException(
          "a history of %d numbers does not fit an image of %d"
              .formatted(history.length, start.length));
    }
    this.seed = seed;
    this.table = table;
    this.condition = condition;
    this.x = start;
    this.x0 = start;
    this.history = history;
  }

  public long seed() {
    return seed;
  }

  public StepTable table() {
    return table;
  }

  public Condition condition() {
    return condition;
  }

  /** How many steps have been taken. */
  public int position() {
    return position;
  }

  /** How many steps are left. */
  public int remaining() {
    return table.length() - position;
  }

  public boolean isFinished() {
    return remaining() == 0;
  }

  /** The image at its present noise level; the result once finished. Not to be written to. */
  public float[] x() {
    return x;
  }

  /** The x0 predicted by the last step taken: a preview. Not to be written to. */
  public float[] x0() {
    return x0;
  }

  /**
   * The kept predictions, newest first, [{@link StepTable#HISTORY}][image]. Not to be written to.
   */
  public float[] history() {
    return history;
  }

  /**
   * Stores the state after {@code steps} more steps; for implementations of {@link SamplingModel}.
   *
   * @throws IllegalArgumentException if the table has fewer steps left or the arrays do not fit
   */
  public void advanced(int steps, float[] newX, float[] newX0, float[] newHistory) {
    if (steps < 1 || steps > remaining()) {
      throw new IllegalArgumentException(
          "cannot advance by " + steps + " steps with " + remaining() + " left");
    }
    if (newX.length != x.length
        || newX0.length != x.length
        || newHistory.length != history.length) {
      throw new IllegalArgumentException("the new state is of another image size");
    }
    position += steps;
    x = newX;
    x0 = newX0;
    history = newHistory;
  }
}
