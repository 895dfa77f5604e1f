package ddim.train;

import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter.Tensor;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes weights from elsewhere as a run, to be exported or trained on. */
public final class RunImporter {
  private RunImporter() {}

  /**
   * Writes the recipe and a checkpoint at step 0: the weights, their average equal to them, and
   * Adam's moments at 0. It may be trained on with any images of its size.
   *
   * <p>Weights without labels go into a recipe with classes too, as a network that has yet to learn
   * them ({@link ModelWeights#withClasses}).
   *
   * @param base the recipe for what weights do not say: batch size, learning rate and so on
   * @param run the folder, which must not hold a run
   * @return the checkpoint
   * @throws IllegalArgumentException if the folder holds a run
   * @throws IllegalStateException if a training has the folder
   * @throws IOException if it cannot be written; then it holds no run
   */
  public static Path write(ModelWeights given, TrainConfig base, Path run) throws IOException {
    int classes = base.unet().classes();
    boolean without = classes > 0 && given.unet().classes() == 0;
    ModelWeights weights = without ? given.withClasses(classes) : given;
    RunFolder folder = new RunFolder(run);
    requireFree(folder);
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
    Checkpoint.Header header =
        new Checkpoint.Header(
            0,
            new Origin(weights.trainingStep(), "", ""),
            config,
            Dataset.named(weights.dataset(), weights.license(), weights.classNames()),
            0);
    return write(folder, header, tensors, Optional.empty());
  }

  /**
   * Writes the newest checkpoint of a run as a run with another recipe, which goes on from the same
   * step: weights, average and Adam's moments are kept, and so are the metrics.
   *
   * @param from the folder of the run, which stays as it is
   * @param recipe for the same network, noise and prediction
   * @param to the folder of the new run, which must not hold one
   * @return the checkpoint
   * @throws IllegalArgumentException if the recipe is for another model, if it ends before the
   *     checkpoint's step, or if {@code to} holds a run
   * @throws ModelFormatException if {@code from} has no whole checkpoint
   * @throws IOException if a file cannot be read or written
   */
  public static Path withRecipe(Path from, TrainConfig recipe, Path to) throws IOException {
    RunFolder old = new RunFolder(from);
    Path file =
        Checkpoint.newest(old)
            .orElseThrow(
                () -> new ModelFormatException(old.checkpoints() + ": holds no checkpoint"));
    try (SafeTensors state = SafeTensors.open(file)) {
      Checkpoint.Header header = Checkpoint.header(file, state);
      requireGoesOn(from, header, recipe);
      RunFolder folder = new RunFolder(to);
      requireFree(folder);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : state.names()) {
        tensors.put(name, new Tensor(state.shape(name), state.floats(name)));
      }
      return write(
          folder,
          header.withConfig(recipe),
          tensors,
          Optional.of(old.metrics()).filter(Files::exists));
    }
  }

  /** The checkpoint, whole or not at all, is last: without one the folder holds no run. */
  private static Path write(
      RunFolder folder,
      Checkpoint.Header header,
      Map<String, Tensor> tensors,
      Optional<Path> metrics)
      throws IOException {
    try (RunLock lock = RunLock.take(folder)) {
      requireFree(folder);
      Checkpoint.deleteUnfinished(folder);
      folder.write(header.config());
      if (metrics.isPresent()) {
        Files.copy(metrics.get(), folder.metrics(), StandardCopyOption.REPLACE_EXISTING);
      }
      try {
        return Checkpoint.write(folder, header, tensors);
      } catch (IOException e) {
        throw Unwritable.of(folder.checkpoint(header.step()), e);
      }
    }
  }

  private static void requireGoesOn(Path from, Checkpoint.Header header, TrainConfig recipe) {
    TrainConfig run = header.config();
    TrainConfig fitting = recipe.withModel(run.unet(), run.schedule(), run.prediction());
    if (!fitting.equals(recipe)) {
      throw new IllegalArgumentException(
          "the recipe is for another model than the run in "
              + from
              + ": "
              + ConfigDifference.of(fitting, recipe));
    }
    if (recipe.decaySteps() > 0 && recipe.decaySteps() <= header.step()) {
      throw new IllegalArgumentException(
          "decay_steps must be above the %d steps of the run in %s, is %d"
              .formatted(header.step(), from, recipe.decaySteps()));
    }
  }

  private static void requireFree(RunFolder folder) throws IOException {
    if (Checkpoint.newest(folder).isPresent()) {
      throw new IllegalArgumentException(
          folder.root() + " already holds a run; choose another folder");
    }
  }
}
