package ddim.serve.batch;

import java.time.Duration;
import java.util.OptionalInt;

/**
 * How long rows would take, from what steps took lately and from what is there to be done.
 *
 * <p>On the safe side of list scheduling (Graham 1966): where not all rows find a place at once,
 * those of a newcomer begin when all the work ahead is done, evenly spread over the places. Nobody
 * knows who will come later: what is promised has {@link #HEADROOM}.
 *
 * @param options the sizes of batches
 * @param times of a step at these sizes
 * @param ahead what is there to be done
 * @param callLeft the rest of the graph call under way
 */
record Forecast(BatcherOptions options, StepTimes times, Ahead ahead, Duration callLeft) {
  /** How much longer than expected things may take. */
  static final double HEADROOM = 1.25;

  /** What is left for the way of the reply. */
  static final Duration REPLY = Duration.ofMillis(10);

  private static final double NANOS_PER_MILLI = 1e6;

  /** The time of rows, step by step, without what is ahead; zero if nothing is known of it. */
  Duration own(int rows, int steps) {
    return Duration.ofNanos((long) (steps * stepNanos(rows)));
  }

  /** Until rows begin. */
  Duration before(int rows) {
    int most = options.maxBatchSize();
    if (ahead.rows() + rows <= most) {
      return callLeft;
    }
    Duration ofAll =
        Duration.ofNanos((long) (ahead.steps() / most * nanos(options.paddedSize(most))));
    return ofAll.compareTo(callLeft) > 0 ? ofAll : callLeft;
  }

  /** The most steps that are done in time, with headroom; empty if nothing is known. */
  OptionalInt steps(int rows, Duration timeLeft) {
    double step = stepNanos(rows);
    if (step == 0) {
      return OptionalInt.empty();
    }
    double budget = timeLeft.minus(REPLY).toNanos() / HEADROOM - before(rows).toNanos();
    return OptionalInt.of((int) Math.max(0, Math.min(Integer.MAX_VALUE, budget / step)));
  }

  /** What somebody is told whose rows will not be done in time. */
  String explain(int rows, int steps, Duration timeLeft) {
    return "%d images of %d steps would take about %.0f ms, after %.0f ms for what is ahead; %.0f ms are left"
        .formatted(
            rows,
            steps,
            own(rows, steps).toNanos() / NANOS_PER_MILLI,
            before(rows).toNanos() / NANOS_PER_MILLI,
            timeLeft.toNanos() / NANOS_PER_MILLI);
  }

  /** Of one step of all rows, some of which may have to wait for others. */
  private double stepNanos(int rows) {
    int most = options.maxBatchSize();
    int waves = (rows + most - 1) / most;
    return waves * nanos(options.paddedSize(Math.min(most, ahead.rows() + rows)));
  }

  private double nanos(int batchSize) {
    return times.at(batchSize).orElse(Duration.ZERO).toNanos();
  }
}
