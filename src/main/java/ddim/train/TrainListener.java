package ddim.train;

import java.nio.file.Path;

/** Hears how a run goes on. */
public interface TrainListener {
  /** A listener that does nothing. */
  TrainListener NONE = progress -> {};

  /** After every step. */
  void onStep(TrainProgress progress);

  /** After a checkpoint was written. */
  default void onCheckpoint(long step, Path file) {}
}
