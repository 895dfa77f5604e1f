package ddim.train;

import org.tensorflow.Session;

/** Compares the steps of several devices with what the first of them does alone. */
final class ScalingMeter {
  /** How many steps are averaged; the first step of a process is slow and does not count. */
  private static final int STEPS = 10;

  private static final int ALONE = 3;

  private final TrainGraph graph;
  private final Session session;
  private final long last;
  private long steps;
  private long nanos;

  /**
   * @param steps that this process will train
   */
  ScalingMeter(TrainGraph graph, Session session, long steps) {
    this.graph = graph;
    this.session = session;
    this.last = Math.min(steps, 1 + STEPS);
  }

  /**
   * Counts a step; true once, when there are enough of them, or when the run ends with a few.
   *
   * @param stepNanos how long it took
   */
  boolean isDueAfter(long stepNanos) {
    steps++;
    if (steps > 1 && steps <= last) {
      nanos += stepNanos;
    }
    return graph.firstDevice != null && steps > 1 && steps == last;
  }

  /** Changes no variable, so that a run is the same with it. */
  Scaling measure(StepFeed feed) {
    alone(feed); // the first call of other operations is slow
    long begin = System.nanoTime();
    for (int i = 0; i < ALONE; i++) {
      alone(feed);
    }
    double aloneSeconds = (System.nanoTime() - begin) / 1e9 / ALONE;
    return new Scaling(graph.devices(), nanos / 1e9 / (last - 1), aloneSeconds);
  }

  private void alone(StepFeed feed) {
    if (graph.firstDevice == null) {
      throw new IllegalStateException("there is one device");
    }
    Session.Runner runner = session.runner().fetch(graph.firstDevice);
    feed.into(runner, graph);
    runner.run().close();
  }
}
