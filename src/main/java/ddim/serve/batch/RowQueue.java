package ddim.serve.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The rows of all unfinished jobs, and whose turn it is.
 *
 * <p>Fairness: places in a batch are dealt out one a job, round after round, so a job of 1000 rows
 * leaves every other job its place. In each round the jobs that hold a place already come first (a
 * row that runs is not interrupted for an equal), then those that were served longest ago. A job
 * that holds more places than its share gives them back to newcomers at the end of a call; its
 * interrupted rows go on later from where they are.
 *
 * <p>Invariants, between calls:
 *
 * <ul>
 *   <li>a job is here from {@link #add} until {@link #remove} or its last {@link #finish}, each of
 *       which tells its caller that it was the one to end the job: so every job has one end
 *   <li>a row of a job that is here is in exactly one of {@code fresh}, {@code started} or the
 *       results; so while a job is here there is something to draw
 *   <li>{@code waiting} is the number of fresh rows, at most the capacity
 * </ul>
 *
 * <p>Not thread-safe.
 */
final class RowQueue {
  /** What is left of a job. */
  private static final class Entry {
    final Deque<Ticket> fresh = new ArrayDeque<>();
    final Deque<Ticket> started = new ArrayDeque<>();
    final float[] @Nullable [] results;
    int places; // in the present batch

    Entry(Job job) {
      results = new float[job.rows().size()][];
      for (int i = 0; i < results.length; i++) {
        fresh.add(new Ticket(job, i));
      }
    }

    int left() {
      return fresh.size() + started.size();
    }
  }

  private final int capacity;
  private final Map<Job, Entry> jobs = new LinkedHashMap<>(); // the one served longest ago first
  private int waiting;

  /**
   * @param capacity the most rows that may wait
   */
  RowQueue(int capacity) {
    this.capacity = capacity;
  }

  boolean isEmpty() {
    return jobs.isEmpty();
  }

  /** How many rows have not been drawn yet. */
  int waiting() {
    return waiting;
  }

  /** Whether no row has been drawn that is not finished. */
  boolean isIdle() {
    return jobs.values().stream().allMatch(entry -> entry.started.isEmpty());
  }

  /** Takes a job in; false, and nothing has changed, if its rows do not all find room. */
  boolean add(Job job) {
    if (job.rows().size() > capacity - waiting) {
      return false;
    }
    waiting += job.rows().size();
    jobs.put(job, new Entry(job));
    return true;
  }

  /** Drops a job with all its rows; false if it has ended before. */
  boolean remove(Job job) {
    Entry entry = jobs.remove(job);
    if (entry == null) {
      return false;
    }
    waiting -= entry.fresh.size();
    return true;
  }

  /** Drops and returns the jobs that match. */
  List<Job> removeIf(Predicate<Job> condition) {
    List<Job> matching = jobs.keySet().stream().filter(condition).toList();
    matching.forEach(this::remove);
    return matching;
  }

  /** Drops and returns the jobs of which no row has ever been drawn. */
  List<Job> removeUnstarted() {
    List<Job> unstarted =
        jobs.entrySet().stream()
            .filter(one -> one.getValue().fresh.size() == one.getKey().rows().size())
            .map(Map.Entry::getKey)
            .toList();
    unstarted.forEach(this::remove);
    return unstarted;
  }

  List<Job> jobs() {
    return List.copyOf(jobs.keySet());
  }

  /** The rows of the next batch, at most {@code size}; they stay here until they are finished. */
  List<Ticket> draw(int size) {
    deal(size);
    List<Ticket> batch = new ArrayList<>();
    List<Job> served = new ArrayList<>();
    jobs.forEach(
        (job, entry) -> {
          while (entry.started.size() < entry.places) {
            entry.started.add(entry.fresh.remove());
            waiting--;
            if (served.isEmpty() || served.get(served.size() - 1) != job) {
              served.add(job);
            }
          }
          entry.started.stream().limit(entry.places).forEach(batch::add);
        });
    for (Job job : served) {
      Entry entry = jobs.remove(job);
      if (entry != null) {
        jobs.put(job, entry);
      }
    }
    return batch;
  }

  /** Sets every entry's places. */
  private void deal(int size) {
    Map<Entry, Integer> held = new LinkedHashMap<>();
    jobs.values()
        .forEach(
            entry -> {
              held.put(entry, entry.places);
              entry.places = 0;
            });
    int left = size;
    for (int before = -1, round = 0; left > 0 && left != before; round++) {
      before = left;
      left = dealRound(round, left, held, true);
      left = dealRound(round, left, held, false);
    }
  }

  private static int dealRound(int round, int left, Map<Entry, Integer> held, boolean holders) {
    int places = left;
    for (Map.Entry<Entry, Integer> one : held.entrySet()) {
      Entry entry = one.getKey();
      if (places > 0 && entry.left() > round && (one.getValue() > round) == holders) {
        entry.places++;
        places--;
      }
    }
    return places;
  }

  /**
   * Takes in the image of a drawn row.
   *
   * @return all images of the job if this was its last row, and it has ended; else null
   */
  @Nullable List<float[]> finish(Ticket ticket, float[] image) {
    Entry entry = jobs.get(ticket.job());
    if (entry == null || !entry.started.remove(ticket)) {
      return null; // its job was dropped while it ran
    }
    entry.places--;
    entry.results[ticket.index()] = image;
    if (entry.left() > 0) {
      return null;
    }
    jobs.remove(ticket.job());
    return List.of(entry.results);
  }
}
