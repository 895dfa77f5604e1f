package ddim.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the files of a run are. */
record RunFolder(Path root) {
  private static final String SUFFIX = ".safetensors";
  private static final String PREFIX = "checkpoint-";

  Path config() {
    return root.resolve("config.json");
  }

  /**
   * Writes the recipe.
   *
   * @throws IOException if it cannot be written; the message names it
   */
  void write(TrainConfig config) throws IOException {
    try {
      Files.writeString(config(), config.toJson() + "\n");
    } catch (IOException e) {
      throw Unwritable.of(config(), e);
    }
  }

  Path metrics() {
    return root.resolve("metrics.csv");
  }

  /** A file for TensorBoard, begun at a time in seconds. */
  Path events(long seconds) {
    return root.resolve(String.format("events.out.tfevents.%010d.ddim", seconds));
  }

  Path lossPlot() {
    return root.resolve("loss.png");
  }

  /** A grid of samples of the newest checkpoint. */
  Path samples() {
    return root.resolve("samples.png");
  }

  Path checkpoints() {
    return root.resolve("checkpoints");
  }

  Path checkpoint(long step) {
    return checkpoints().resolve(String.format("%s%09d%s", PREFIX, step, SUFFIX));
  }

  /** The checkpoint with the lowest smoothed loss. */
  Path best() {
    return checkpoints().resolve("best" + SUFFIX);
  }

  static boolean isCheckpoint(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
  }
}
