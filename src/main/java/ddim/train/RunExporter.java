package ddim.train;

import ddim.model.ModelExporter;
import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.model.SafeTensors;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/** Exports the newest checkpoint of a run: the moving average of its weights. */
public final class RunExporter {
  private RunExporter() {}

  /**
   * Writes {@code models/name/version/}, complete or not at all.
   *
   * @param run the run's folder
   * @param models the model repository
   * @param name of the model
   * @param version above 0; the next free one if empty
   * @return the folder written
   * @throws ModelFormatException if the run has no whole checkpoint
   * @throws IllegalArgumentException if the name or version cannot be, or is there already
   * @throws IOException if a file cannot be read or written
   */
  public static Path export(Path run, Path models, String name, OptionalLong version)
      throws IOException {
    return ModelExporter.export(weights(run), models, name, version);
  }

  /**
   * The moving average of the weights of a run's newest checkpoint.
   *
   * @throws ModelFormatException if the run has no whole checkpoint
   * @throws IOException if it cannot be read
   */
  public static ModelWeights weights(Path run) throws IOException {
    RunFolder folder = new RunFolder(run);
    return read(
        Checkpoint.newest(folder)
            .orElseThrow(
                () -> new ModelFormatException(folder.checkpoints() + ": holds no checkpoint")));
  }

  /**
   * The moving average of the weights of a run's checkpoint with the lowest smoothed loss.
   *
   * @throws ModelFormatException if the run has none
   * @throws IOException if it cannot be read
   */
  public static ModelWeights best(Path run) throws IOException {
    Path checkpoint = new RunFolder(run).best();
    if (!Files.exists(checkpoint)) {
      throw new ModelFormatException(checkpoint + ": missing");
    }
    return read(checkpoint);
  }

  /** The moving average of the weights of a checkpoint. */
  static ModelWeights read(Path checkpoint) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(checkpoint)) {
      Checkpoint.Header header = Checkpoint.header(checkpoint, tensors);
      TrainConfig config = header.config();
      Map<String, float[]> values = new LinkedHashMap<>();
      for (ParamSpec spec : ParamSpec.of(config.unet())) {
        values.put(spec.name(), tensors.floats(TrainVariables.EMA + "/" + spec.name()));
      }
      return new ModelWeights(
          config.unet(),
          config.schedule(),
          config.prediction(),
          header.origin().datasetsUntil(header.data()),
          header.origin().licensesWith(header.data()),
          header.origin().steps() + header.step(),
          values,
          header.data().classNames());
    }
  }
}
