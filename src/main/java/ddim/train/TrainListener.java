package ddim.train;

import java.nio.file.Path;

/** Hears how a run goes on. */
public interface TrainListener {
  /** A listener that does nothing. */
  TrainListener NONE = progress -> {};

  /**
   * Once, before the first step.
   *
   * @param step that the run is at: 0, that of the checkpoint, or already the last, of a run that
   *     is finished
   */
  default void onStart(long step) {}

  /** After every step. */
  void onStep(TrainProgress progress);

  /** Whether the run should end, with a checkpoint; asked before every step. */
  default boolean wantsToStop() {
    return false;
  }

  /** How many samples are drawn of every checkpoint, to watch them become better; 0 for none. */
  default int samples() {
    return 0;
  }

  /** Once of a run on several devices, after some steps. */
  default void onScaling(Scaling scaling) {}

  /** Of a file that cannot be written and that the training goes on without, in words. */
  default void onWarning(String text) {}

  /** After a checkpoint was written. */
  default void onCheckpoint(long step, Path file) {}
}
