package ddim.serve.batch;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The images of one caller on their way through a {@link Batcher}. Thread-safe. */
public final class Job {
  private final List<Row> rows;
  private final String client;
  private final int level;
  private final long arrival;
  private final OptionalLong deadline;
  private final RowListener listener;
  private final Consumer<Job> withdrawal;
  private final CompletableFuture<List<float[]>> images = new CompletableFuture<>();
  private CompletableFuture<List<float[]>> result = images;
  private volatile @Nullable Job sequel;
  private volatile boolean withdrawn;
  private final boolean isSequel;
  private volatile OptionalLong end = OptionalLong.empty();

  /**
   * @param level its priority, from 0
   * @param arrival when it was submitted
   * @param deadline when its caller stops waiting
   */
  Job(
      List<Row> rows,
      String client,
      int level,
      long arrival,
      OptionalLong deadline,
      RowListener listener,
      Consumer<Job> withdrawal) {
    this(rows, client, level, arrival, deadline, listener, withdrawal, false);
  }

  private Job(
      List<Row> rows,
      String client,
      int level,
      long arrival,
      OptionalLong deadline,
      RowListener listener,
      Consumer<Job> withdrawal,
      boolean isSequel) {
    this.isSequel = isSequel;
    this.rows = List.copyOf(rows);
    this.client = client;
    this.level = level;
    this.arrival = arrival;
    this.deadline = deadline;
    this.listener = listener;
    this.withdrawal = withdrawal;
  }

  /**
   * The images, in the order of the rows; or a {@link RefusedException}, a {@link
   * java.util.concurrent.CancellationException} after {@link #withdraw()}, or what the model threw.
   *
   * <p>Completed on the batcher's own threads: what depends on it and takes time belongs on an
   * executor of the caller's.
   */
  public CompletableFuture<List<float[]>> result() {
    return result;
  }

  /**
   * Gives up: waiting rows leave the queue at once, running rows at the end of the graph call under
   * way. Does nothing once there is a result.
   */
  public void withdraw() {
    withdrawn = true;
    withdrawal.accept(latest());
  }

  /**
   * Has another job begin when this one is done, on the dispatcher's thread, which therefore does
   * not end in between; the result is that of the other. To be called before anybody has this job.
   *
   * @param begin asks for the other, given by {@link #next}
   */
  void then(Function<List<float[]>, List<Row>> rowsAfter, Consumer<Job> begin) {
    result =
        images.thenCompose(
            done -> {
              Job next = next(rowsAfter.apply(done));
              sequel = next;
              begin.accept(next);
              if (withdrawn) {
                next.withdraw();
              }
              return next.result;
            });
  }

  private Job next(List<Row> rowsAfter) {
    if (rowsAfter.isEmpty()) {
      throw new IllegalStateException("no rows follow, at least one must");
    }
    return new Job(rowsAfter, client, level, arrival, deadline, listener, withdrawal, true);
  }

  /** This job, or the one that has begun after it. */
  Job latest() {
    Job next = sequel;
    return next == null ? this : next;
  }

  /** Whether it is the rest of what has begun: that is let in when nothing new is. */
  boolean isSequel() {
    return isSequel;
  }

  /** Ends with images. */
  void complete(List<float[]> made) {
    images.complete(made);
  }

  List<Row> rows() {
    return rows;
  }

  /** How many places of batches its rows need. */
  int places() {
    return rows.stream().mapToInt(Row::places).sum();
  }

  /** The steps of the row that takes the most. */
  int longest() {
    return rows.stream().mapToInt(Row::steps).max().orElseThrow();
  }

  RowListener listener() {
    return listener;
  }

  /** Who asks. */
  String client() {
    return client;
  }

  /** Its level of priority, from 0. */
  int level() {
    return level;
  }

  /** Ends without images. */
  void fail(Throwable why, long now) {
    end = OptionalLong.of(now);
    images.completeExceptionally(why);
  }

  /** When it ended without images, if it did. */
  OptionalLong end() {
    return end;
  }

  /** When it was submitted, on the batcher's clock. */
  long arrival() {
    return arrival;
  }

  /** When its caller stops waiting, on the batcher's clock. */
  OptionalLong deadline() {
    return deadline;
  }

  boolean isLate(long now) {
    return deadline.isPresent() && deadline.getAsLong() - now <= 0;
  }
}
