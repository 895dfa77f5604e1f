package ddim.train;

import ddim.data.ImageSource;
import ddim.model.SafeTensors;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;

/**
 * Runs a {@link TrainGraph} over batches of images and writes checkpoints.
 *
 * <p>A step is a function of the variables, the recipe and its number: a resumed run continues as
 * if it had never stopped, bit for bit on a CPU.
 */
public final class Trainer {
  private final TrainConfig config;
  private final ImageSource data;
  private final RunFolder run;
  private final Devices devices;
  private final TrainListener listener;

  private Trainer(
      TrainConfig config,
      ImageSource data,
      RunFolder run,
      Devices devices,
      TrainListener listener) {
    this.config = config;
    this.data = data;
    this.run = run;
    this.devices = devices;
    this.listener = listener;
  }

  /**
   * Trains on {@link Devices#DEFAULT}.
   *
   * @see #run(TrainConfig, ImageSource, Path, long, boolean, Devices, TrainListener)
   */
  public static long run(
      TrainConfig config,
      ImageSource data,
      Path folder,
      long steps,
      boolean resume,
      TrainListener listener)
      throws IOException {
    return run(config, data, folder, steps, resume, Devices.DEFAULT, listener);
  }

  /**
   * Trains until a step, from the start or from the newest checkpoint. Steps on several devices are
   * those of one device, to rounding.
   *
   * @param config the recipe; a resumed run must have the same one
   * @param data images of the network's shape
   * @param folder of the run, made if it is not there
   * @param steps the number of the last step, at least 1, not below the checkpoint's, and not above
   *     the recipe's {@code decaySteps}, if it has them; a run that is there already is finished
   * @param resume whether to continue from the folder's newest checkpoint
   * @param devices what to train on
   * @param listener hears every step, and may end the run early, with a checkpoint
   * @return the last step of the run
   * @throws IllegalArgumentException if images and network do not fit, if the folder holds a run
   *     and {@code resume} is false, if it holds none and it is true, if its recipe is another, if
   *     it is beyond {@code steps}, or if the devices cannot share a batch
   * @throws WorkerLostException if a process of the cluster is gone
   * @throws TrainingDivergedException if a loss is not finite
   * @throws IllegalStateException if another process trains in the folder
   * @throws IOException if the folder cannot be read or written
   */
  public static long run(
      TrainConfig config,
      ImageSource data,
      Path folder,
      long steps,
      boolean resume,
      Devices devices,
      TrainListener listener)
      throws IOException {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be 1 or more, is " + steps);
    }
    if (config.decaySteps() > 0 && steps > config.decaySteps()) {
      throw new IllegalArgumentException(
          "steps must be at most decay_steps of the recipe, %d, where the learning rate is 0; is %d"
              .formatted(config.decaySteps(), steps));
    }
    var unet = config.unet();
    if (data.height() != unet.height()
        || data.width() != unet.width()
        || data.channels() != unet.imageChannels()) {
      throw new IllegalArgumentException(
          String.format(
              "the images of %s are %dx%dx%d, the network's %dx%dx%d",
              data.name(),
              data.height(),
              data.width(),
              data.channels(),
              unet.height(),
              unet.width(),
              unet.imageChannels()));
    }
    if (unet.classes() > 0 && (data.classes() == 0 || data.classes() > unet.classes())) {
      throw new IllegalArgumentException(
          String.format(
              "the images of %s have %s, the network %d classes",
              data.name(),
              data.classes() == 0 ? "no labels" : data.classes() + " classes",
              unet.classes()));
    }
    RunFolder run = new RunFolder(folder);
    Trainer trainer = new Trainer(config, data, run, devices, listener);
    if (!resume && Checkpoint.newest(run).isPresent()) {
      throw new IllegalArgumentException(
          folder + " already holds a run; continue it with --resume or choose another folder");
    }
    devices.placement(config).rowsPerTower(config);
    try (RunLock lock = RunLock.take(run)) {
      Checkpoint.deleteUnfinished(run);
      return trainer.train(steps, resume);
    }
  }

  private long train(long steps, boolean resume) throws IOException {
    Optional<Path> checkpoint = Checkpoint.newest(run);
    if (resume && checkpoint.isEmpty()) {
      throw new IllegalArgumentException(run.root() + " has no checkpoint to resume from");
    }
    Dataset images = Dataset.of(data);
    long begin = checkpoint.isPresent() ? resumable(checkpoint.get(), images, steps) : 0;
    listener.onStart(begin);
    if (begin == steps && devices.cluster().isEmpty()) {
      return begin;
    }
    try (TrainSession session = TrainSession.open(config, devices)) {
      long last = begin;
      try {
        if (begin < steps) {
          last = train(session, checkpoint, images, steps);
        }
      } catch (TensorFlowException e) {
        throw session.explain(e);
      }
      session.sayFarewell();
      return last;
    }
  }

  /** The step of a checkpoint that can be trained on to {@code steps}. */
  private long resumable(Path checkpoint, Dataset images, long steps) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(checkpoint)) {
      Checkpoint.Header header = Checkpoint.header(checkpoint, tensors);
      requireSame(header, images);
      if (header.step() > steps) {
        throw new IllegalArgumentException(
            "--steps must be above the run's step %d, is %d".formatted(header.step(), steps));
      }
      return header.step();
    }
  }

  private long train(TrainSession open, Optional<Path> checkpoint, Dataset images, long steps)
      throws IOException {
    TrainGraph graph = open.graph();
    Session session = open.session();
    Checkpoint.Header start;
    if (checkpoint.isPresent()) {
      Checkpoint.Header there = Checkpoint.restore(checkpoint.get(), graph.variables, session);
      start = there.step() == 0 ? there.beginningWith(images) : there.withData(images);
    } else {
      initialize(graph.variables, session);
      run.write(config);
      start = new Checkpoint.Header(0, Origin.RANDOM, config, images, 0);
    }
    return new TrainLoop(run, data, listener, graph, session, start).run(steps);
  }

  /** Weights and their averages start alike, Adam's moments at 0. */
  void initialize(TrainVariables variables, Session session) {
    Map<TrainVariables.Slot, float[]> values = new LinkedHashMap<>();
    for (TrainVariables.Slot slot : variables.state().values()) {
      ParamSpec spec = slot.spec();
      values.put(
          slot,
          slot.isMoment()
              ? new float[Math.toIntExact(spec.size())]
              : spec.init().values(spec.name(), spec.shape(), config.seed()));
    }
    Checkpoint.set(session, values);
  }

  private void requireSame(Checkpoint.Header header, Dataset images) {
    if (!header.config().equals(config)) {
      throw new IllegalArgumentException(
          "the run in "
              + run.root()
              + " was made with another recipe: "
              + ConfigDifference.of(header.config(), config));
    }
    String differences = header.step() == 0 ? "" : header.data().differences(images);
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "the run in " + run.root() + " was trained on other images: " + differences);
    }
  }
}
