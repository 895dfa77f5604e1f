package ddim.serve.batch;

import static ddim.serve.batch.RefusedException.late;

import java.time.Duration;
import java.util.OptionalInt;

/**
 * Tells what can be done in time, from what graph calls took and what is there to be done, and
 * refuses what cannot: under overload the device then works for those who get their images.
 * Thread-safe.
 */
final class Admission {
  private static final int CALLS = 8; // whose mean counts

  private final BatcherOptions options;
  private final WaitingRoom room;
  private final TimeSource time;
  private final StepTimes times = new StepTimes();

  private final DeviceTurns.Seat seat;

  /** How many steps a call takes lately, as a mean; 0 before the first. */
  private volatile double columns;

  Admission(Calibration calibration, WaitingRoom room, TimeSource time, DeviceTurns.Seat seat) {
    this.seat = seat;
    this.options = calibration.options();
    this.room = room;
    this.time = time;
    calibration.stepTimes().forEach(times::add);
  }

  /** A graph call begins. */
  void callBegins(int batchSize, int callColumns) {
    long now = time.nanoTime();
    times.at(batchSize).ifPresent(step -> seat.callBegins(now, step.multipliedBy(callColumns)));
  }

  /** It has ended well. */
  void callTook(int batchSize, int callColumns, Duration took) {
    times.add(batchSize, took.dividedBy(callColumns));
    seat.callTook(took);
    columns = columns == 0 ? callColumns : columns + (callColumns - columns) / CALLS;
  }

  /** It has ended. */
  void callEnded() {
    seat.callEnded();
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
    int steps = job.longest();
    Duration shortest = times.shortest().orElse(Duration.ZERO).multipliedBy(steps);
    if (shortest.compareTo(timeLeft) > 0) {
      Forecast alone = new Forecast(options, times, Ahead.NOTHING, Wait.NONE);
      RefusedException late = late(alone.explain(new Demand(1, 1), steps, timeLeft));
      doubtIfIdle();
      throw late;
    }
    Ahead ahead = room.ahead(job.client(), job.level(), demand.places());
    Forecast after = forecast(ahead);
    int allowed = after.steps(demand, timeLeft).orElse(steps);
    boolean waits = ahead.places() > 0 && ahead.places() + demand.places() > options.maxBatchSize();
    boolean shares = !after.device().ofOthers().isZero();
    if ((waits || shares) && allowed < steps) {
      throw late(after.explain(demand, steps, timeLeft));
    }
  }

  /** How long a job takes at least that begins now, in full batches; 0 if nothing is known. */
  long leastNanos(Job job) {
    return job.longest() * times.at(options.maxBatchSize()).orElse(Duration.ZERO).toNanos();
  }

  private Forecast forecast(Ahead ahead) {
    long now = time.nanoTime();
    double perCall = columns == 0 ? options.columnsPerCall() : columns;
    Duration aStep = Duration.ofNanos((long) (seat.between().toNanos() / perCall));
    Wait wait = new Wait(seat.left(now), seat.beforeNext(now), aStep);
    return new Forecast(options, times, ahead, wait);
  }

  private void doubtIfIdle() {
    if (room.waiting() + room.started() == 0) {
      times.doubt();
    }
  }
}
