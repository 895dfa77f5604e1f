package ddim.train;

import ddim.data.Batches;
import ddim.data.ImageSource;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.types.TFloat32;

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
  public static void run(
      TrainConfig config,
      ImageSource data,
      Path folder,
      long steps,
      boolean resume,
      TrainListener listener)
      throws IOException {
    run(config, data, folder, steps, resume, Devices.DEFAULT, listener);
  }

  /**
   * Trains until a step, from the start or from the newest checkpoint. Steps on several devices are
   * those of one device, to rounding.
   *
   * @param config the recipe; a resumed run must have the same one
   * @param data images of the network's shape
   * @param folder of the run, made if it is not there
   * @param steps the number of the last step, at least 1
   * @param resume whether to continue from the folder's newest checkpoint
   * @param devices what to train on
   * @param listener hears every step
   * @throws IllegalArgumentException if images and network do not fit, if the folder holds a run
   *     and {@code resume} is false, if it holds none and it is true, if its recipe is another, or
   *     if the devices cannot share a batch
   * @throws WorkerLostException if a process of the cluster is gone
   * @throws TrainingDivergedException if a loss is not finite
   * @throws IOException if the folder cannot be read or written
   */
  public static void run(
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
    new Trainer(config, data, new RunFolder(folder), devices, listener).train(steps, resume);
  }

  private void train(long steps, boolean resume) throws IOException {
    Optional<Path> checkpoint = Checkpoint.newest(run);
    if (resume && checkpoint.isEmpty()) {
      throw new IllegalArgumentException(run.root() + " has no checkpoint to resume from");
    }
    if (!resume && checkpoint.isPresent()) {
      throw new IllegalArgumentException(
          run.root() + " already holds a run; continue it with --resume or choose another folder");
    }
    try (TrainSession session = TrainSession.open(config, devices)) {
      try {
        train(session, checkpoint, steps);
      } catch (TensorFlowException e) {
        throw session.explain(e);
      }
      session.sayFarewell();
    }
  }

  private void train(TrainSession open, Optional<Path> checkpoint, long steps) throws IOException {
    TrainGraph graph = open.graph();
    Session session = open.session();
    long first = 0;
    long earlier = 0;
    if (checkpoint.isPresent()) {
      Checkpoint.Header header = Checkpoint.restore(checkpoint.get(), graph.variables, session);
      requireSame(header);
      first = header.step();
      earlier = header.earlierSteps();
    } else {
      initialize(graph.variables, session);
      Files.createDirectories(run.root());
      Files.writeString(run.config(), config.toJson() + "\n");
    }
    try (Metrics metrics = Metrics.open(run.metrics(), first)) {
      loop(graph, session, metrics, first, steps, earlier);
    }
  }

  private void loop(
      TrainGraph graph, Session session, Metrics metrics, long first, long steps, long earlier)
      throws IOException {
    Batches plain = new Batches(data, config.batchSize(), config.seed());
    Batches batches = config.flip() ? plain.withHorizontalFlips() : plain;
    byte[] images = new byte[batches.batchBytes()];
    for (long step = first; step < steps; step++) {
      long start = System.nanoTime();
      batches.batch(step, images);
      TrainProgress progress =
          step(graph, session, images, labels(batches, step), step, steps, start);
      if (!Double.isFinite(progress.loss()) || !Double.isFinite(progress.gradientNorm())) {
        throw new TrainingDivergedException(
            "step "
                + progress.step()
                + ": the loss is "
                + progress.loss()
                + " and the gradient norm "
                + progress.gradientNorm()
                + "; the last checkpoint in "
                + run.checkpoints()
                + " stands");
      }
      metrics.write(progress);
      listener.onStep(progress);
      if (progress.step() % config.checkpointEvery() == 0 || progress.step() == steps) {
        metrics.flush();
        Path file =
            Checkpoint.save(
                run,
                new Checkpoint.Header(
                    progress.step(),
                    earlier,
                    config,
                    data.name(),
                    data.license(),
                    data.classNames()),
                graph.variables,
                session);
        listener.onCheckpoint(progress.step(), file);
      }
    }
  }

  private int @Nullable [] labels(Batches batches, long step) {
    return config.unet().classes() == 0 ? null : batches.labels(step);
  }

  private TrainProgress step(
      TrainGraph graph,
      Session session,
      byte[] images,
      int @Nullable [] labels,
      long step,
      long steps,
      long startNanos) {
    try (StepFeed feed = new StepFeed(config, images, labels, step)) {
      Session.Runner runner = session.runner().fetch(graph.loss).fetch(graph.gradientNorm);
      feed.into(runner, graph);
      graph.update.forEach(runner::addTarget);
      try (Result result = runner.run()) {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        return new TrainProgress(
            step + 1,
            steps,
            ((TFloat32) result.get(0)).getFloat(),
            ((TFloat32) result.get(1)).getFloat(),
            config.learningRateAt(step),
            config.batchSize() / seconds);
      }
    }
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

  private void requireSame(Checkpoint.Header header) {
    if (!header.config().equals(config)) {
      throw new IllegalArgumentException(
          "the run in "
              + run.root()
              + " was made with another recipe: "
              + ConfigDifference.of(header.config(), config));
    }
    boolean unknown = header.dataset().equals(RunImporter.UNKNOWN_DATASET);
    if (!unknown && !header.dataset().equals(data.name())) {
      throw new IllegalArgumentException(
          "the run in "
              + run.root()
              + " was trained on "
              + header.dataset()
              + ", not on "
              + data.name());
    }
  }
}
