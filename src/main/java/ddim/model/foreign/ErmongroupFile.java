package ddim.model.foreign;

import ddim.model.SafeTensors;
import ddim.model.WeightFile;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A state dict of ermongroup/ddim, or of the converted DDPM weights that it uses, saved as
 * safetensors. Names may begin with {@code module.}, as those of its training checkpoints do.
 */
public final class ErmongroupFile {
  private ErmongroupFile() {}

  /**
   * Reads the weights of a network.
   *
   * @throws ddim.model.ModelFormatException naming every tensor that does not fit
   * @throws IOException if the file cannot be read
   */
  public static Map<String, float[]> read(Path file, UNetConfig unet) throws IOException {
    try (WeightFile tensors =
        new RenamedWeights(SafeTensors.open(file), name -> name.replaceFirst("^module\\.", ""))) {
      return new ForeignWeights(file.toString(), name -> name, true).read(tensors, unet);
    }
  }
}
