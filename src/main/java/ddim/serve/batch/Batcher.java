package ddim.serve.batch;

import static ddim.serve.batch.RefusedException.late;
import static ddim.serve.batch.RefusedException.stopping;

import ddim.model.SamplingModel;
import ddim.model.TrajectoryTimeoutException;
import ddim.serve.batch.BatchListener.GraphCall;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes the images of many callers in few graph calls of one model.
 *
 * <p>Rows are batched, not requests: rows of any seed, step table and direction share a call, a
 * large request is cut and put together again. One dispatcher thread calls the graph, in turns with
 * those of other models on the device ({@link DeviceTurns}); between two calls finished, withdrawn
 * and late rows leave and waiting rows join (whose turn it is: {@link RowQueue}; how long a call
 * is: {@link ColumnRule}).
 *
 * <p>Every job that {@link #submit} accepts ends exactly once: with its images, with what the model
 * threw, withdrawn by its caller, late by our own clock, or refused by a shutdown or for want of
 * room. The dispatcher ends only when it is told to and no job is left; what a model throws ends
 * the jobs of its batch.
 *
 * <p>Thread-safe.
 */
public final class Batcher implements AutoCloseable {
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);

  private final SamplingModel model;
  private final Calibration calibration;
  private final BatcherOptions options;
  private final TimeSource time;
  private final BatchListener listener;
  private final WaitingRoom room;
  private final Admission admission;
  private final DeviceTurns device;
  private final DeviceTurns.Seat seat;
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  private volatile BatchCounters counters = BatchCounters.NONE; // the dispatcher's to write
  private volatile Duration lastCall = Duration.ZERO;

  private Batcher(
      SamplingModel model,
      Calibration calibration,
      TimeSource time,
      BatchListener listener,
      DeviceTurns device) {
    this.model = model;
    this.device = device;
    this.calibration = calibration;
    this.options = calibration.options();
    this.time = time;
    this.listener = listener;
    this.room = new WaitingRoom(options, time, listener);
    this.seat = device.join(room::isBusy);
    this.admission = new Admission(calibration, room, time, seat);
  }

  /** As the other, for a model of which nothing is known, heard by nobody. */
  public static Batcher start(
      String name, SamplingModel model, BatcherOptions options, TimeSource time) {
    return start(name, model, Calibration.unmeasured(options), time, BatchListener.NONE);
  }

  /** As the other, for a model that has the device alone. */
  public static Batcher start(
      String name,
      SamplingModel model,
      Calibration calibration,
      TimeSource time,
      BatchListener listener) {
    return start(name, model, calibration, time, listener, new DeviceTurns());
  }

  /**
   * Starts the dispatcher of a model.
   *
   * @param name what the thread is called after
   * @param model stays the caller's, to be closed after {@link #terminated()}
   * @param calibration of this model, with the options
   * @param device of the model, which others may use too
   */
  public static Batcher start(
      String name,
      SamplingModel model,
      Calibration calibration,
      TimeSource time,
      BatchListener listener,
      DeviceTurns device) {
    Batcher batcher = new Batcher(model, calibration, time, listener, device);
    Thread dispatcher = new Thread(batcher::dispatch, "ddim-batcher-" + name);
    dispatcher.setDaemon(true);
    dispatcher.start();
    return batcher;
  }

  /** How it works, and what was measured before. */
  public Calibration calibration() {
    return calibration;
  }

  /** What its graph calls have done so far. */
  public BatchCounters counters() {
    return counters;
  }

  /** How many images wait for their first graph call. */
  public int waiting() {
    return room.waiting();
  }

  /** How many images have begun and are not finished. */
  public int started() {
    return room.started();
  }

  /**
   * Asks for images.
   *
   * @see #submit(List, Terms, RowListener)
   */
  public Job submit(List<Row> rows, @Nullable Duration timeLeft) {
    return submit(rows, Terms.within(timeLeft), RowListener.NONE);
  }

  /**
   * Asks for images, and hears of them on their way.
   *
   * @param rows at least one
   * @return to wait on, or to withdraw
   * @throws RefusedException if the queue has no room for all the rows, the time is over or too
   *     short whatever else there is to do, or the batcher is stopping
   * @throws IllegalArgumentException if there is no row, one is of another size than the model, the
   *     guided ones need more room than the queue has, or there is no such priority
   */
  public Job submit(List<Row> rows, Terms terms, RowListener rowListener) {
    return submit(rows, terms, rowListener, null);
  }

  /**
   * Asks for images by way of others, as one job: what has begun is finished within the grace of a
   * shutdown, and withdrawn as a whole.
   *
   * @param then the rows that the images of {@code rows} lead to, at least one; called on the
   *     dispatcher's thread. They must find room in the queue, as rows that are asked for alone
   * @see #submit(List, Terms, RowListener)
   */
  public Job submit(
      List<Row> rows,
      Terms terms,
      RowListener rowListener,
      @Nullable Function<List<float[]>, List<Row>> then) {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("no rows to sample");
    }
    rows.forEach(row -> row.requireFits(model.spec().unet()));
    requireFits(Demand.ofRows(rows));
    Duration timeLeft = terms.timeLeft();
    long now = time.nanoTime();
    OptionalLong deadline =
        timeLeft == null ? OptionalLong.empty() : OptionalLong.of(now + nanos(timeLeft));
    Job job =
        new Job(rows, terms.client(), level(terms), now, deadline, rowListener, this::withdraw);
    if (then != null) {
      job.then(then, next -> room.add(next, retryAfter()));
    }
    try {
      if (timeLeft != null) {
        admission.require(job, timeLeft);
      }
      room.add(job, retryAfter());
    } catch (RefusedException e) {
      listener.refused(e.reason(), rows.size());
      throw e;
    }
    if (timeLeft != null) {
      Duration left = Duration.ofNanos(nanos(timeLeft));
      TimeSource.Alarm alarm = time.after(left, () -> room.end(job.latest(), late()));
      var unused = job.result().whenComplete((images, error) -> alarm.cancel());
    }
    return job;
  }

  /**
   * How many steps each of several rows may have to be done in time: the largest number that fits,
   * by the measured time of a step and what is there to be done.
   *
   * @param demand how many, and whether they are guided
   * @param least the fewest steps that are of use
   * @param most the most that are of use; taken where the caller does not say how long it waits
   * @throws RefusedException if not even {@code least} steps would be done in time
   */
  public int affordableSteps(Demand demand, int least, int most, Terms terms) {
    Duration timeLeft = terms.timeLeft();
    if (timeLeft == null) {
      return most;
    }
    try {
      return admission.steps(demand, least, most, terms.client(), level(terms), timeLeft);
    } catch (RefusedException e) {
      listener.refused(e.reason(), demand.rows());
      throw e;
    }
  }

  /** What never fits is no matter of trying again. */
  private void requireFits(Demand demand) {
    int most = options.maxEnqueuedImages();
    if (demand.rows() <= most && demand.rows() * (long) demand.each() > most) {
      throw new IllegalArgumentException(
          "%d guided images count as %d, the queue holds %d"
              .formatted(demand.rows(), demand.rows() * (long) demand.each(), most));
    }
  }

  private int level(Terms terms) {
    int priority = terms.priority() == 0 ? options.defaultPriorityLevel() : terms.priority();
    if (priority < 1 || priority > options.priorityLevels()) {
      throw new IllegalArgumentException(
          "priority must be from 1 to " + options.priorityLevels() + ", is " + priority);
    }
    return priority - 1;
  }

  /**
   * Takes no more jobs, refuses those of which nothing has been computed, and lets the others
   * finish for {@code grace}; what is left then is refused too. Returns at once.
   *
   * @return done when every caller has been answered, at the latest after {@code grace}
   */
  public CompletableFuture<Void> shutdown(Duration grace) {
    List<Job> started = room.shutdown(time.nanoTime() + nanos(grace));
    if (started.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    TimeSource.Alarm alarm =
        time.after(
            Duration.ofNanos(nanos(grace)),
            () -> started.forEach(job -> room.end(job.latest(), stopping())));
    return CompletableFuture.allOf(
            started.stream().map(Job::result).toArray(CompletableFuture<?>[]::new))
        .handle(
            (done, error) -> {
              alarm.cancel();
              return null;
            });
  }

  /** Done when the dispatcher has ended, after a shutdown: no graph call is running any more. */
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  /** Refuses all that is left and waits for the graph call under way. */
  @Override
  public void close() {
    shutdown(Duration.ZERO).join();
    terminated.join();
  }

  private void dispatch() {
    try {
      while (room.awaitRows()) {
        run();
      }
    } finally {
      room.giveUp(); // should the dispatcher end by a fault of its own, nobody waits for it
      seat.leave();
      terminated.complete(null);
    }
  }

  /** One batch. Its rows are those who are there when the device is, and get it alone. */
  private void run() {
    Batch batch;
    boolean computed;
    try (DeviceTurns.Turn turn = device.take()) {
      batch = room.draw(admission::leastNanos);
      if (batch == null) {
        return;
      }
      computed = guarded(batch, () -> compute(batch));
      admission.callEnded();
    }
    if (computed) {
      guarded(
          batch,
          () -> {
            batch.tellAdvanced();
            batch.tickets().stream().filter(Ticket::isFinished).forEach(room::finish);
          });
    }
    tellFreed(batch);
  }

  /** Does something with a batch; true if that went well. What it throws ends the batch's jobs. */
  private boolean guarded(Batch batch, Runnable work) {
    try {
      work.run();
      return true;
    } catch (TrajectoryTimeoutException e) { // the limit was such that now nobody waits
      batch.tickets().forEach(ticket -> room.end(ticket.job(), outOfTime(ticket.job())));
    } catch (RuntimeException | Error e) { // an Error of one batch must not silence all others
      batch.tickets().forEach(ticket -> room.end(ticket.job(), e));
    }
    return false;
  }

  private void compute(Batch batch) {
    long begin = time.nanoTime();
    batch.tellStarted(listener, begin);
    batch.start(model);
    advance(batch);
    lastCall = Duration.ofNanos(time.nanoTime() - begin);
  }

  private void advance(Batch batch) {
    int columns = batch.columns(options);
    if (columns == 0) {
      return; // rows that ask for their starting noise alone
    }
    int size = options.paddedSize(batch.places());
    long begin = time.nanoTime();
    admission.callBegins(size, columns);
    long steps = batch.advance(model, columns, size, batch.limit(begin, room.stopAt()));
    Duration took = Duration.ofNanos(time.nanoTime() - begin);
    admission.callTook(size, columns, took);
    GraphCall call = new GraphCall(batch.moving(), size, columns, steps, took);
    counters = counters.plus(call);
    listener.computed(call);
  }

  /** Rows whose job ended while they were computed are no longer. */
  private void tellFreed(Batch batch) {
    Map<Job, Integer> freed = new HashMap<>();
    batch.tickets().forEach(ticket -> freed.merge(ticket.job(), 1, Integer::sum));
    long now = time.nanoTime();
    freed.forEach(
        (job, rows) ->
            job.end().ifPresent(end -> listener.freed(rows, Duration.ofNanos(now - end))));
  }

  private void withdraw(Job job) {
    room.end(job, new CancellationException("withdrawn by the caller"));
  }

  private RefusedException outOfTime(Job job) {
    return room.stopAt().isPresent() && !job.isLate(time.nanoTime()) ? stopping() : late();
  }

  private Duration retryAfter() {
    return lastCall.compareTo(SHORTEST_RETRY) < 0 ? SHORTEST_RETRY : lastCall;
  }

  private static long nanos(Duration duration) {
    // Far enough away for never, near enough for differences of nanoTime not to overflow.
    Duration never = Duration.ofDays(36_500);
    return (duration.compareTo(never) > 0 ? never : duration).toNanos();
  }
}
