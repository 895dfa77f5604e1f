package ddim.train;

import ddim.data.BatchQueue;
import ddim.data.Batches;
import ddim.data.ImageSource;
import ddim.eval.experiment.LossCurve;
import java.io.IOException;
import java.nio.file.Path;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.types.TFloat32;

/** Runs the steps of a {@link TrainGraph}, writes metrics and checkpoints. */
final class TrainLoop {
  /** Batches that are made while a step runs. */
  private static final int AHEAD = 4;

  private final TrainConfig config;
  private final ImageSource data;
  private final RunFolder run;
  private final TrainListener listener;
  private final TrainGraph graph;
  private final Session session;
  private final Checkpoint.Header start;
  private final SmoothedLoss smoothed;
  private final SideFiles files;

  /**
   * @param start what the variables of {@code session} are
   */
  TrainLoop(
      RunFolder run,
      ImageSource data,
      TrainListener listener,
      TrainGraph graph,
      Session session,
      Checkpoint.Header start) {
    this.config = start.config();
    this.data = data;
    this.run = run;
    this.listener = listener;
    this.graph = graph;
    this.session = session;
    this.start = start;
    this.files = new SideFiles(listener);
    this.smoothed = new SmoothedLoss(start.smoothedLoss());
  }

  /** Trains until a step, or until the listener wants to stop; returns the last step. */
  long run(long steps) throws IOException {
    Batches plain = new Batches(data, config.batchSize(), config.seed());
    Batches batches = config.flip() ? plain.withHorizontalFlips() : plain;
    boolean labelled = config.unet().classes() > 0;
    long saved = start.step();
    long step = start.step();
    Metrics metrics = Metrics.open(run.metrics(), step);
    EventFile events = EventFile.open(run, step);
    try (BatchQueue queue = new BatchQueue(batches, step, steps, labelled, AHEAD)) {
      ScalingMeter scaling = new ScalingMeter(graph, session, steps - step);
      long begin = System.nanoTime();
      while (step < steps && !listener.wantsToStop()) {
        long from = System.nanoTime();
        BatchQueue.Batch batch = queue.next();
        float[] numbers = step(batch, step);
        long now = System.nanoTime();
        smoothed.add(step, numbers[0]);
        TrainProgress progress =
            new TrainProgress(
                step + 1,
                steps,
                numbers[0],
                smoothed.value(),
                numbers[1],
                config.learningRateAt(step),
                config.emaDecayAt(step),
                config.batchSize() * 1e9 / (now - from),
                (double) queue.waitedNanos() / (now - begin));
        requireFinite(progress);
        step++;
        files.write(run.metrics(), () -> metrics.write(progress));
        files.write(events.file(), () -> events.write(progress));
        listener.onStep(progress);
        if (scaling.isDueAfter(now - from)) {
          try (StepFeed feed = feed(batch, step - 1)) {
            listener.onScaling(scaling.measure(feed));
          }
        }
        if (step % config.checkpointEvery() == 0) {
          save(step, metrics, events);
          saved = step;
        }
      }
      if (saved != step) {
        save(step, metrics, events);
      }
    } finally {
      files.finish(run.metrics(), metrics::flush);
      files.finish(events.file(), events::flush);
    }
    return step;
  }

  /** The loss and the norm of the gradients. */
  private float[] step(BatchQueue.Batch batch, long step) {
    try (StepFeed feed = feed(batch, step)) {
      Session.Runner runner = session.runner().fetch(graph.loss).fetch(graph.gradientNorm);
      feed.into(runner, graph);
      graph.update.forEach(runner::addTarget);
      try (Result result = runner.run()) {
        return new float[] {
          ((TFloat32) result.get(0)).getFloat(), ((TFloat32) result.get(1)).getFloat()
        };
      }
    }
  }

  private StepFeed feed(BatchQueue.Batch batch, long step) {
    int[] labels = graph.labels == null ? null : batch.labels();
    return new StepFeed(config, batch.images(), labels, step);
  }

  private void requireFinite(TrainProgress progress) {
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
  }

  private void save(long step, Metrics metrics, EventFile events) throws IOException {
    files.write(run.metrics(), metrics::flush);
    files.write(events.file(), events::flush);
    Checkpoint.Header header = start.at(step, smoothed.value());
    Path file = Checkpoint.save(run, header, graph.variables, session);
    listener.onCheckpoint(step, file);
    if (!listener.wantsToStop()) { // Java cannot begin to draw while its process ends
      files.write(run.lossPlot(), () -> LossCurve.draw(run.metrics(), run.lossPlot()));
      if (listener.samples() > 0) {
        CheckpointSamples.draw(file, step, listener.samples(), run.samples(), events, files);
      }
    }
  }
}
