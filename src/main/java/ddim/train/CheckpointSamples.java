package ddim.train;

import ddim.eval.ImageGrid;
import ddim.model.ModelPreview;
import ddim.model.ModelWeights;
import ddim.nn.UNetConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;

/** What a checkpoint's moving average draws from seeds that are the same for all of them. */
final class CheckpointSamples {
  static final String TAG = "samples";
  static final int STEPS = 20;

  private CheckpointSamples() {}

  /**
   * Draws a grid into a PNG file and, for TensorBoard, into an event file, as far as that can be
   * done.
   *
   * @param checkpoint a checkpoint of a run
   * @param step of the checkpoint
   * @param count of samples, at least 1
   */
  static void draw(
      Path checkpoint, long step, int count, Path picture, EventFile events, SideFiles files) {
    files.write(
        picture,
        () -> {
          ImageGrid grid = grid(checkpoint, count);
          files.write(events.file(), () -> write(grid, step, events));
          grid.write(picture);
        });
  }

  private static ImageGrid grid(Path checkpoint, int count) throws IOException {
    ModelWeights weights = RunExporter.read(checkpoint);
    UNetConfig unet = weights.unet();
    int steps = Math.min(STEPS, weights.schedule().trainSteps());
    ImageGrid square =
        ImageGrid.ofPixels(
            ModelPreview.images(weights, count, steps),
            unet.height(),
            unet.width(),
            unet.imageChannels());
    boolean classInColumn = unet.classes() > 1 && unet.classes() <= count;
    return classInColumn ? square.withColumns(unet.classes()) : square;
  }

  private static void write(ImageGrid grid, long step, EventFile events) throws IOException {
    BufferedImage drawn = grid.draw();
    int channels = drawn.getRaster().getNumBands();
    events.write(step, TAG, grid.png(), drawn.getHeight(), drawn.getWidth(), channels);
  }
}
