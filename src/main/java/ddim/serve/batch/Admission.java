package ddim.serve.batch;

import static ddim.serve.batch.RefusedException.late;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Tells what can be done in time, from what graph calls took and what is there to be done, and
 * refuses what cannot: under overload the device then works for those who get their images.
 * Thread-safe.
 */
final class Admission {
  private final BatcherOptions options;
  private final WaitingRoom room;
  private final TimeSource time;
  private final StepTimes times = new StepTimes();

  /** When the call under way will probably end; empty between calls. */
  private volatile OptionalLong callEnd = OptionalLong.empty();

  Admission(Calibration calibration, WaitingRoom room, TimeSource time) {
    this.options = calibration.options();
    this.room = room;
    this.time = time;
    calibration.stepTimes().forEach(times::add);
  }

  /** A graph call begins. */
  void callBegins(int batchSize, int columns) {
    long now = time.nanoTime();
    times
        .at(batchSize)
        .ifPresent(step -> callEnd = OptionalLong.of(now + columns * step.toNanos()));
  }

  /** It has ended well. */
  void callTook(int batchSize, int columns, Duration took) {
    times.add(batchSize, took.dividedBy(columns));
  }

  /** It has ended. */
  void callEnded() {
    callEnd = OptionalLong.empty();
  }

  /**
   * The largest number of steps that fits.
   *
   * @throws RefusedException if that is less than {@code least}
   */
  int steps(Demand demand, int least, int most, String client, int level, Duration timeLeft) {
    Forecast forecast = forecast(room.ahead(client, level, demand.places()));
    OptionalInt steps = forecast.steps(demand, timeLeft);
    if (steps.isPresent() && steps.getAsInt() < least) {
      RefusedException late = late(forecast.explain(demand, least, timeLeft));
      doubtIfIdle();
      throw late;
    }
    return Math.min(most, steps.orElse(least));
  }

  /**
   * Lets a job in that will be in time.
   *
   * @throws RefusedException if it would be late: for certain, as its steps take longer in any
   *     batch, or probably, after what is ahead of it
   */
  void require(Job job, Duration timeLeft) {
    if (timeLeft.isZero() || timeLeft.isNegative()) {
      throw late();
    }
    Demand demand = Demand.ofRows(job.rows());
    int steps = job.rows().stream().mapToInt(Row::steps).max().orElseThrow();
    Duration shortest = times.shortest().orElse(Duration.ZERO).multipliedBy(steps);
    if (shortest.compareTo(timeLeft) > 0) {
      Forecast alone = new Forecast(options, times, Ahead.NOTHING, Duration.ZERO);
      RefusedException late = late(alone.explain(new Demand(1, 1), steps, timeLeft));
      doubtIfIdle();
      throw late;
    }
    Ahead ahead = room.ahead(job.client(), job.level(), demand.places());
    Forecast after = forecast(ahead);
    int allowed = after.steps(demand, timeLeft).orElse(steps);
    boolean waits = ahead.places() > 0 && ahead.places() + demand.places() > options.maxBatchSize();
    if (waits && allowed < steps) {
      throw late(after.explain(demand, steps, timeLeft));
    }
  }

  private Forecast forecast(Ahead ahead) {
    OptionalLong end = callEnd;
    long left = end.isPresent() ? Math.max(0, end.getAsLong() - time.nanoTime()) : 0;
    return new Forecast(options, times, ahead, Duration.ofNanos(left));
  }

  private void doubtIfIdle() {
    if (room.waiting() + room.started() == 0) {
      times.doubt();
    }
  }
}
