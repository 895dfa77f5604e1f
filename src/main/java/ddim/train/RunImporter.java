package ddim.train;

import ddim.model.ModelWeights;
import ddim.model.SafeTensorsWriter.Tensor;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes weights from elsewhere as a run, to be exported or trained on. */
public final class RunImporter {
  /** What an imported run was trained on when nobody says; training on may be on anything. */
  public static final String UNKNOWN_DATASET = "unknown";

  private RunImporter() {}

  /**
   * Writes the recipe and a checkpoint at step 0: the weights, their average equal to them, and
   * Adam's moments at 0.
   *
   * <p>Weights without labels go into a recipe with classes too, as a network that does not heed
   * its labels yet.
   *
   * @param base the recipe for what weights do not say: batch size, learning rate and so on
   * @param run the folder, which must not hold a run
   * @return the checkpoint
   * @throws IllegalArgumentException if the folder holds a run
   * @throws IOException if it cannot be written
   */
  public static Path write(ModelWeights given, TrainConfig base, Path run) throws IOException {
    int classes = base.unet().classes();
    boolean without = classes > 0 && given.unet().classes() == 0;
    ModelWeights weights = without ? given.withClasses(classes) : given;
    RunFolder folder = new RunFolder(run);
    if (Checkpoint.newest(folder).isPresent() || Files.exists(folder.config())) {
      throw new IllegalArgumentException(run + " already holds a run; choose another folder");
    }
    TrainConfig config = base.withModel(weights.unet(), weights.schedule(), weights.prediction());
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(weights.unet())) {
      float[] values = weights.values().get(spec.name());
      if (values == null) {
        throw new IllegalStateException(spec.name() + " is missing");
      }
      Tensor zeros = new Tensor(spec.shape(), new float[values.length]);
      for (String group : List.of(TrainVariables.WEIGHTS, TrainVariables.EMA)) {
        tensors.put(group + "/" + spec.name(), new Tensor(spec.shape(), values));
      }
      for (String group : List.of(TrainVariables.ADAM_M, TrainVariables.ADAM_V)) {
        tensors.put(group + "/" + spec.name(), zeros);
      }
    }
    Files.createDirectories(run);
    Files.writeString(folder.config(), config.toJson() + "\n");
    return Checkpoint.write(
        folder,
        new Checkpoint.Header(
            0,
            weights.trainingStep(),
            config,
            weights.dataset(),
            weights.license(),
            weights.classNames(),
            0),
        tensors);
  }
}
