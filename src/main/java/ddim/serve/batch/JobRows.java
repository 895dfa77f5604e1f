package ddim.serve.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is left of a job in a {@link RowQueue}; the one whose turn it is comes first. */
final class JobRows extends Shares.Claim implements Comparable<JobRows> {
  private static final Comparator<JobRows> TURNS =
      Comparator.<JobRows>comparingDouble(job -> job.turn).thenComparingLong(job -> job.number);

  final Job job;
  final Deque<Ticket> fresh = new ArrayDeque<>();
  final Deque<Ticket> started = new ArrayDeque<>();
  final float[] @Nullable [] results;
  private final double turn;
  private final long number;
  private Iterator<Ticket> upcoming = Collections.emptyIterator(); // of a batch in the making
  private @Nullable Ticket next;

  /**
   * @param clock of its client: the work that each of its jobs would have had by now
   * @param number of those of its client, in the order of arrival
   */
  JobRows(Job job, double clock, long number) {
    this.job = job;
    this.number = number;
    results = new float[job.rows().size()][];
    for (int i = 0; i < results.length; i++) {
      fresh.add(new Ticket(job, i));
    }
    turn = clock + workLeft(fresh);
  }

  @Override
  public int compareTo(JobRows other) {
    return TURNS.compare(this, other);
  }

  @Override
  int wants() {
    return fresh.size() + started.size();
  }

  @Override
  int nextPlaces() {
    return next == null ? 1 : next.row().places();
  }

  @Override
  void begin() {
    super.begin();
    upcoming = Stream.concat(started.stream(), fresh.stream()).iterator();
    next = upcoming.hasNext() ? upcoming.next() : null;
  }

  @Override
  void take() {
    super.take();
    next = upcoming.hasNext() ? upcoming.next() : null;
  }

  /** Whether it has rows beyond those that it was given. */
  boolean wantsMore() {
    return next != null;
  }

  boolean isUnstarted() {
    return fresh.size() == results.length;
  }

  /** Starts rows until there are as many as it was given; these. */
  List<Ticket> start() {
    List<Ticket> begun = new ArrayList<>();
    while (started.size() < rows()) {
      begun.add(fresh.remove());
      started.add(begun.get(begun.size() - 1));
    }
    return begun;
  }

  /** The rows that it was given. */
  List<Ticket> running() {
    return started.stream().limit(rows()).toList();
  }

  /** How many places the rows need that have not started. */
  int freshPlaces() {
    return places(fresh);
  }

  /** The rows of batches that tickets have yet to be; one without steps has its places once. */
  static long workLeft(Collection<Ticket> tickets) {
    return tickets.stream()
        .mapToLong(ticket -> (long) Math.max(1, ticket.stepsLeft()) * ticket.row().places())
        .sum();
  }

  static int places(Collection<Ticket> tickets) {
    return tickets.stream().mapToInt(ticket -> ticket.row().places()).sum();
  }
}
