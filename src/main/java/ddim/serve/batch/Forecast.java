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
 * @param device when it is not there
 */
record Forecast(BatcherOptions options, StepTimes times, Ahead ahead, Wait device) {
  /** How much longer than expected things may take. */
  static final double HEADROOM = 1.25;

  /** What is left for the way of the reply. */
  static final Duration REPLY = Duration.ofMillis(10);

  private static final double NANOS_PER_MILLI = 1e6;

  /** The time of rows, step by step, without what is ahead; zero if nothing is known of it. */
  Duration own(Demand demand, int steps) {
    return Duration.ofNanos((long) (steps * stepNanos(demand)));
  }

  /** Until rows begin. */
  Duration before(Demand demand) {
    int most = options.maxBatchSize();
    Duration left = device.callLeft();
    if (ahead.places() + demand.places() <= most) {
      return device.ofOthers().plus(left);
    }
    Duration ofAll =
        Duration.ofNanos((long) (ahead.work() / most * nanos(options.paddedSize(most))));
    return device.ofOthers().plus(ofAll.compareTo(left) > 0 ? ofAll : left);
  }

  /** The most steps that are done in time, with headroom; empty if nothing is known. */
  OptionalInt steps(Demand demand, Duration timeLeft) {
    double step = stepNanos(demand);
    if (step == 0) {
      return OptionalInt.empty();
    }
    double budget = timeLeft.minus(REPLY).toNanos() / HEADROOM - before(demand).toNanos();
    return OptionalInt.of((int) Math.max(0, Math.min(Integer.MAX_VALUE, budget / step)));
  }

  /** What somebody is told whose rows will not be done in time. */
  String explain(Demand demand, int steps, Duration timeLeft) {
    return "%d images of %d steps would take about %.0f ms, after %.0f ms for what is ahead; %.0f ms are left"
        .formatted(
            demand.rows(),
            steps,
            own(demand, steps).toNanos() / NANOS_PER_MILLI,
            before(demand).toNanos() / NANOS_PER_MILLI,
            timeLeft.toNanos() / NANOS_PER_MILLI);
  }

  /** Of one step of all rows, some of which may have to wait for others. */
  private double stepNanos(Demand demand) {
    int most = Math.max(options.maxBatchSize(), demand.each());
    int size = options.paddedSize(Math.min(most, ahead.places() + demand.places()));
    return demand.batches(options.maxBatchSize()) * nanos(size);
  }

  private double nanos(int batchSize) {
    return times.at(batchSize).map(step -> step.plus(device.aStep()).toNanos()).orElse(0L);
  }
}
