package ddim.serve.batch;

import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The rows of one graph call. Not thread-safe: it belongs to the dispatcher. */
final class Batch {
  private static final long SHORTEST_LIMIT_NANOS = 1_000_000;

  private final List<Ticket> tickets;
  private List<Ticket> moving = List.of();

  Batch(List<Ticket> tickets) {
    this.tickets = tickets;
  }

  List<Ticket> tickets() {
    return tickets;
  }

  /** Gives the new rows their starting images, the noise of all of them in one call. */
  void start(SamplingModel model) {
    List<Ticket> fresh = tickets.stream().filter(t -> !t.hasStarted()).toList();
    List<Ticket> noisy = fresh.stream().filter(t -> t.row().start() == null).toList();
    if (!noisy.isEmpty()) {
      float[][] latents = model.latents(noisy.stream().mapToLong(t -> t.row().seed()).toArray());
      for (int i = 0; i < latents.length; i++) {
        noisy.get(i).start(latents[i]);
      }
    }
    for (Ticket ticket : fresh) {
      float[] start = ticket.row().start();
      if (start != null) {
        ticket.start(start);
      }
    }
  }

  /** Tells of the rows that begin now. */
  void tellStarted(BatchListener listener, long now) {
    for (Ticket ticket : tickets) {
      if (!ticket.hasStarted()) {
        Duration waited = Duration.ofNanos(now - ticket.job().arrival());
        listener.started(waited);
        ticket.job().listener().started(ticket.index(), waited);
      }
    }
  }

  /** How many steps the rows take next, once they have started; 0 if all of them have ended. */
  int columns(BatcherOptions options) {
    moving = tickets.stream().filter(ticket -> !ticket.isFinished()).toList();
    if (moving.isEmpty()) {
      return 0;
    }
    int most = moving.stream().mapToInt(this::furthest).min().orElseThrow();
    int[] remaining =
        moving.stream()
            .flatMapToInt(
                ticket ->
                    IntStream.range(0, ticket.row().places())
                        .map(place -> ticket.trajectory().remaining()))
            .toArray();
    return ColumnRule.columns(remaining, Math.min(most, options.columnsPerCall()));
  }

  /** How many rows these are. */
  int moving() {
    return moving.size();
  }

  /** How many places they need. */
  int places() {
    return JobRows.places(moving);
  }

  /**
   * Takes them so many steps further.
   *
   * @return the rows of the network that these steps were: a guided row is two of them
   */
  long advance(SamplingModel model, int columns, int size, @Nullable Duration limit) {
    List<Trajectory> rows = moving.stream().map(Ticket::trajectory).toList();
    long work =
        rows.stream()
            .mapToLong(row -> (long) Math.min(columns, row.remaining()) * row.condition().places())
            .sum();
    model.advance(rows, columns, size, limit);
    return work;
  }

  /** Tells of the steps that they have taken. */
  void tellAdvanced() {
    moving.forEach(Ticket::advanced);
  }

  /** How long a call may be for this row: beyond its end is only padding, beyond a stop is not. */
  private int furthest(Ticket ticket) {
    int steps = ticket.stepsToStop();
    return steps < ticket.trajectory().remaining() ? steps : Integer.MAX_VALUE;
  }

  /**
   * The time after which no image of this batch is wanted any more; null if there is none.
   *
   * @param stopAt when everything is given up, if that is known
   */
  @Nullable Duration limit(long now, OptionalLong stopAt) {
    long longest = Long.MIN_VALUE;
    for (Ticket ticket : tickets) {
      OptionalLong deadline = ticket.job().deadline();
      longest =
          Math.max(longest, deadline.isPresent() ? deadline.getAsLong() - now : Long.MAX_VALUE);
    }
    if (stopAt.isPresent()) {
      longest = Math.min(longest, stopAt.getAsLong() - now);
    }
    return longest == Long.MAX_VALUE
        ? null
        : Duration.ofNanos(Math.max(longest, SHORTEST_LIMIT_NANOS));
  }
}
