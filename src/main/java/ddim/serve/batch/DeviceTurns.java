package ddim.serve.batch;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The turns of the batchers that share a device: it runs the graph calls of one of them at a time,
 * and who has waited longest is next.
 *
 * <p>Two calls side by side would each take longer than was measured, by what depends on the other.
 * In turns a call takes its own time, and what the others take is known. The price is paid on a
 * processor with many lanes ({@code ddim.model.Lanes}): a model whose batch has fewer rows than
 * there are lanes leaves the others idle in its turn, though another model could have used them.
 * And turns are fair in calls, not in time: {@code columns_per_call} bounds how long one is.
 *
 * <p>Thread-safe.
 */
public final class DeviceTurns {
  private final ReentrantLock turn = new ReentrantLock(true);
  private final Set<Seat> seats = ConcurrentHashMap.newKeySet();

  /**
   * A place among those who take turns, until it is left.
   *
   * @param busy whether whoever has it is going to take a turn; must not wait for a turn
   */
  Seat join(BooleanSupplier busy) {
    Seat seat = new Seat(busy);
    seats.add(seat);
    return seat;
  }

  /** Waits for a turn, to be closed by the same thread. */
  Turn take() {
    turn.lock();
    return turn::unlock;
  }

  /** A turn that has been taken. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /** What is known of one who takes turns. */
  final class Seat {
    private final BooleanSupplier busy;

    /** When its call under way will probably end; empty between calls. */
    private volatile OptionalLong callEnd = OptionalLong.empty();

    /** How long its latest call took, or will probably take. */
    private volatile Duration call = Duration.ZERO;

    private Seat(BooleanSupplier busy) {
      this.busy = busy;
    }

    /** A call begins that will probably take so long. */
    void callBegins(long now, Duration expected) {
      call = expected;
      callEnd = OptionalLong.of(now + expected.toNanos());
    }

    /** It has ended well. */
    void callTook(Duration took) {
      call = took;
    }

    /** It has ended. */
    void callEnded() {
      callEnd = OptionalLong.empty();
    }

    /** The rest of the call under way. */
    Duration left(long now) {
      OptionalLong end = callEnd;
      return Duration.ofNanos(end.isPresent() ? Math.max(0, end.getAsLong() - now) : 0);
    }

    /** How long the others may take before the next turn, at the most. */
    Duration beforeNext(long now) {
      return seats.stream()
          .filter(seat -> seat != this)
          .map(seat -> seat.callEnd.isPresent() ? seat.left(now) : seat.wanted())
          .reduce(Duration.ZERO, Duration::plus);
    }

    /** How long the others take between two turns, if each of them takes one. */
    Duration between() {
      return seats.stream()
          .filter(seat -> seat != this)
          .map(Seat::wanted)
          .reduce(Duration.ZERO, Duration::plus);
    }

    private Duration wanted() {
      return busy.getAsBoolean() ? call : Duration.ZERO;
    }

    void leave() {
      seats.remove(this);
    }
  }
}
