package ddim.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/** Latents by name, as a safetensors file: float32 tensors of height, width and channels. */
public final class LatentFile {
  private LatentFile() {}

  /**
   * Writes latents, all or none.
   *
   * @param latents each height * width * channels numbers
   * @throws IOException if the file cannot be written
   */
  public static void write(
      Path file, Map<String, float[]> latents, int height, int width, int channels)
      throws IOException {
    Map<String, SafeTensorsWriter.Tensor> tensors = new LinkedHashMap<>();
    Shape shape = Shape.of(height, width, channels);
    latents.forEach(
        (name, values) -> tensors.put(name, new SafeTensorsWriter.Tensor(shape, values)));
    SafeTensorsWriter.write(file, Map.of("content", "latents"), tensors);
  }

  /**
   * Reads latents, in the order of the file.
   *
   * @throws ModelFormatException if the file is none, or a latent is of another shape
   * @throws IOException if it cannot be read
   */
  public static Map<String, float[]> read(Path file, int height, int width, int channels)
      throws IOException {
    Map<String, float[]> latents = new LinkedHashMap<>();
    Shape shape = Shape.of(height, width, channels);
    try (SafeTensors tensors = SafeTensors.open(file)) {
      for (String name : tensors.names()) {
        if (!tensors.shape(name).equals(shape)) {
          throw new ModelFormatException(
              "%s: latent '%s' is of shape %s, the model's are %s"
                  .formatted(file, name, tensors.shape(name), shape));
        }
        latents.put(name, tensors.floats(name));
      }
    }
    if (latents.isEmpty()) {
      throw new ModelFormatException(file + ": holds no latent");
    }
    return latents;
  }
}
