package ddim.train;

import ddim.model.ModelFormatException;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/**
 * The state of a run at a step, as a safetensors file: weights, moving averages, Adam's moments,
 * and beside them the step and the recipe.
 *
 * <p>Written whole or not at all; the newest {@link #KEPT} stay.
 */
final class Checkpoint {
  /** How many checkpoints of a run are kept. */
  static final int KEPT = 3;

  private static final String STEP = "step";
  private static final String EARLIER_STEPS = "earlier_steps";
  private static final String CONFIG = "config";
  private static final String DATASET = "dataset";
  private static final String LICENSE = "license";
  private static final String CLASS_NAMES = "class_names"; // one a line

  private Checkpoint() {}

  /**
   * What stands beside the numbers of a checkpoint.
   *
   * @param step of this run
   * @param earlierSteps that the weights had seen before this run; 0 if it began with random ones
   * @param classNames of the labels, empty if they have none
   */
  record Header(
      long step,
      long earlierSteps,
      TrainConfig config,
      String dataset,
      String license,
      List<String> classNames) {}

  /** Writes the state of {@code session} and deletes checkpoints older than the newest few. */
  static Path save(RunFolder run, Header header, TrainVariables variables, Session session)
      throws IOException {
    List<TrainVariables.Slot> slots = List.copyOf(variables.state().values());
    Map<String, SafeTensorsWriter.Tensor> tensors = new LinkedHashMap<>();
    Session.Runner runner = session.runner();
    slots.forEach(slot -> runner.fetch(slot.variable()));
    try (Result result = runner.run()) {
      for (int i = 0; i < slots.size(); i++) {
        TrainVariables.Slot slot = slots.get(i);
        float[] values = new float[Math.toIntExact(slot.shape().size())];
        ((TFloat32) result.get(i)).asRawTensor().data().asFloats().read(values);
        tensors.put(slot.name(), new SafeTensorsWriter.Tensor(slot.shape(), values));
      }
    }
    Path file = write(run, header, tensors);
    List<Path> all = list(run);
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
      Files.deleteIfExists(old);
    }
    return file;
  }

  /** Writes a checkpoint's file. */
  static Path write(RunFolder run, Header header, Map<String, SafeTensorsWriter.Tensor> tensors)
      throws IOException {
    Files.createDirectories(run.checkpoints());
    Path file = run.checkpoint(header.step());
    Map<String, String> texts =
        Map.of(
            STEP,
            Long.toString(header.step()),
            EARLIER_STEPS,
            Long.toString(header.earlierSteps()),
            CONFIG,
            header.config().toJson(),
            DATASET,
            header.dataset(),
            LICENSE,
            header.license(),
            CLASS_NAMES,
            String.join("\n", header.classNames()));
    SafeTensorsWriter.write(file, texts, tensors);
    return file;
  }

  /** The newest checkpoint of a run. */
  static Optional<Path> newest(RunFolder run) throws IOException {
    List<Path> all = list(run);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
  }

  /** Sets every variable of {@code session} from a file. */
  static Header restore(Path file, TrainVariables variables, Session session) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Header header = header(file, tensors);
      Map<TrainVariables.Slot, float[]> values = new LinkedHashMap<>();
      for (TrainVariables.Slot slot : variables.state().values()) {
        if (!tensors.names().contains(slot.name())
            || !tensors.shape(slot.name()).equals(slot.shape())) {
          throw new ModelFormatException(
              file + ": should have tensor '" + slot.name() + "' of shape " + slot.shape());
        }
        values.put(slot, tensors.floats(slot.name()));
      }
      set(session, values);
      return header;
    }
  }

  /** Sets variables, all in one call: each call of other operations is compiled anew. */
  static void set(Session session, Map<TrainVariables.Slot, float[]> values) {
    List<TFloat32> tensors = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      values.forEach(
          (slot, numbers) -> {
            TFloat32 tensor = TFloat32.tensorOf(slot.shape(), DataBuffers.of(numbers));
            tensors.add(tensor);
            runner.feed(slot.feed(), tensor).addTarget(slot.assign());
          });
      runner.run().close();
    } finally {
      tensors.forEach(TFloat32::close);
    }
  }

  static Header header(Path file, SafeTensors tensors) {
    Map<String, String> texts = tensors.metadata();
    try {
      return new Header(
          Long.parseLong(texts.getOrDefault(STEP, "")),
          Long.parseLong(texts.getOrDefault(EARLIER_STEPS, "")),
          TrainConfig.parse(texts.getOrDefault(CONFIG, ""), file.toString()),
          texts.getOrDefault(DATASET, ""),
          texts.getOrDefault(LICENSE, ""),
          texts.getOrDefault(CLASS_NAMES, "").lines().toList());
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(file + ": not a checkpoint of a run: " + e.getMessage(), e);
    }
  }

  /** Oldest first: the names sort by step. */
  private static List<Path> list(RunFolder run) throws IOException {
    if (!Files.isDirectory(run.checkpoints())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(run.checkpoints())) {
      return new ArrayList<>(files.filter(RunFolder::isCheckpoint).sorted().toList());
    }
  }
}
