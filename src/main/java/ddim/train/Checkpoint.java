package ddim.train;

import ddim.model.ModelFormatException;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/**
 * The state of a run at a step, as a safetensors file: weights, moving averages, Adam's moments,
 * and beside them the step and the recipe.
 *
 * <p>Written whole or not at all; the newest {@link #KEPT} stay, and the one with the lowest {@link
 * SmoothedLoss}.
 */
final class Checkpoint {
  /** How many checkpoints of a run are kept. */
  static final int KEPT = 3;

  private static final String STEP = "step";
  private static final String EARLIER_STEPS = "earlier_steps";
  private static final String EARLIER_DATASET = "earlier_dataset";
  private static final String EARLIER_LICENSE = "earlier_license";
  private static final String CONFIG = "config";
  private static final String DATASET = "dataset";
  private static final String LICENSE = "license";
  private static final String SMOOTHED_LOSS = "smoothed_loss";
  private static final String CLASS_NAMES = "class_names"; // one a line
  private static final String IMAGES = "images";
  private static final String DIGEST = "images_digest";

  private Checkpoint() {}

  /**
   * What stands beside the numbers of a checkpoint.
   *
   * @param step of this run; 0 of an imported one that has not been trained yet
   * @param origin what the weights were before this run
   * @param data the images of this run; at step 0 what is known of those before
   * @param smoothedLoss after this step; 0 at step 0
   */
  record Header(long step, Origin origin, TrainConfig config, Dataset data, double smoothedLoss) {

    /** The same with another recipe. */
    Header withConfig(TrainConfig other) {
      return new Header(step, origin, other, data, smoothedLoss);
    }

    /** The same with its images, of which an older checkpoint knows less. */
    Header withData(Dataset images) {
      return new Header(step, origin, config, images, smoothedLoss);
    }

    /** The same after more steps. */
    Header at(long later, double loss) {
      return new Header(later, origin, config, data, loss);
    }

    /** Of an imported run: that which begins with its weights and these images. */
    Header beginningWith(Dataset images) {
      Origin before = new Origin(origin.steps(), data.name(), data.license());
      return new Header(0, before, config, images, 0);
    }
  }

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
    try {
      Path file = write(run, header, tensors);
      keepIfBest(run, file, header);
      List<Path> all = list(run);
      for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
        Files.deleteIfExists(old);
      }
      return file;
    } catch (IOException e) {
      throw new IOException(
          "%s: the checkpoint of step %d cannot be written: %s; %s has %,d bytes free; the earlier checkpoints stand"
              .formatted(
                  run.checkpoints(),
                  header.step(),
                  e.getMessage(),
                  Files.getFileStore(run.root()),
                  Files.getFileStore(run.root()).getUsableSpace()),
          e);
    }
  }

  /** The best checkpoint is the newest, by another name, where that has the lowest loss so far. */
  private static void keepIfBest(RunFolder run, Path file, Header header) throws IOException {
    if (Files.exists(run.best())) {
      try (SafeTensors best = SafeTensors.open(run.best())) {
        if (header(run.best(), best).smoothedLoss() <= header.smoothedLoss()) {
          return;
        }
      } catch (ModelFormatException e) {
        // damaged from outside: what is good replaces it
      }
    }
    Path part = run.checkpoints().resolve(".best.part");
    Files.deleteIfExists(part);
    try {
      Files.createLink(part, file);
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(file, part);
    }
    Files.move(part, run.best(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes what a process that died while writing has left; only while nobody else writes. */
  static void deleteUnfinished(RunFolder run) throws IOException {
    if (Files.isDirectory(run.checkpoints())) {
      try (Stream<Path> files = Files.list(run.checkpoints())) {
        for (Path part : files.filter(f -> f.getFileName().toString().endsWith(".part")).toList()) {
          Files.deleteIfExists(part);
        }
      }
    }
  }

  /** Writes a checkpoint's file. */
  static Path write(RunFolder run, Header header, Map<String, SafeTensorsWriter.Tensor> tensors)
      throws IOException {
    Files.createDirectories(run.checkpoints());
    Path file = run.checkpoint(header.step());
    Map<String, String> texts =
        new TreeMap<>(); // in one order, so that equal states are equal files
    texts.put(STEP, Long.toString(header.step()));
    texts.put(EARLIER_STEPS, Long.toString(header.origin().steps()));
    texts.put(EARLIER_DATASET, header.origin().dataset());
    texts.put(EARLIER_LICENSE, header.origin().license());
    texts.put(CONFIG, header.config().toJson());
    texts.put(DATASET, header.data().name());
    texts.put(LICENSE, header.data().license());
    texts.put(CLASS_NAMES, String.join("\n", header.data().classNames()));
    texts.put(IMAGES, Integer.toString(header.data().images()));
    texts.put(DIGEST, header.data().digest());
    texts.put(SMOOTHED_LOSS, Double.toString(header.smoothedLoss()));
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
          new Origin(
              Long.parseLong(texts.getOrDefault(EARLIER_STEPS, "")),
              texts.getOrDefault(EARLIER_DATASET, ""),
              texts.getOrDefault(EARLIER_LICENSE, "")),
          TrainConfig.parse(texts.getOrDefault(CONFIG, ""), file.toString()),
          new Dataset(
              texts.getOrDefault(DATASET, ""),
              texts.getOrDefault(LICENSE, ""),
              texts.getOrDefault(CLASS_NAMES, "").lines().toList(),
              Integer.parseInt(texts.getOrDefault(IMAGES, "0")),
              texts.getOrDefault(DIGEST, "")),
          Double.parseDouble(texts.getOrDefault(SMOOTHED_LOSS, "0")));
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
