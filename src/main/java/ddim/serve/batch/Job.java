package ddim.serve.batch;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The images of one caller on their way through a {@link Batcher}. Thread-safe. */
public final class Job {
  private final List<Row> rows;
  private final long arrival;
  private final OptionalLong deadline;
  private final RowListener listener;
  private final Consumer<Job> withdrawal;
  private final CompletableFuture<List<float[]>> result = new CompletableFuture<>();

  Job(
      List<Row> rows,
      long arrival,
      OptionalLong deadline,
      RowListener listener,
      Consumer<Job> withdrawal) {
    this.rows = List.copyOf(rows);
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
    withdrawal.accept(this);
  }

  List<Row> rows() {
    return rows;
  }

  RowListener listener() {
    return listener;
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
