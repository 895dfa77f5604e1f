package ddim.serve.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The rows of all unfinished jobs, and whose turn it is.
 *
 * <p>Places in a batch are shared out among the levels of priority ({@link Levels}), within a level
 * among the clients, within a client among its jobs ({@link Shares}): so a job of 1000 rows leaves
 * every other job its place, and a client with 1000 jobs every other client. Turns go to those that
 * were served longest ago. A job that holds more places than its share gives them back to newcomers
 * at the end of a call; its interrupted rows go on later from where they are.
 *
 * <p>Room is shared out too: when it is full, a client that has more rows waiting than another
 * makes way for it with its newest job.
 *
 * <p>Invariants, between calls:
 *
 * <ul>
 *   <li>a job is here from {@link #add} until {@link #remove}, or displaced by another {@link
 *       #add}, or its last {@link #finish}, each of which tells its caller that it was the one to
 *       end the job: so every job has one end
 *   <li>a row of a job that is here is in exactly one of {@code fresh}, {@code started} or the
 *       results; so while a job is here there is something to draw
 *   <li>{@code waiting} is the number of fresh rows, at most the capacity
 * </ul>
 *
 * <p>Not thread-safe.
 */
final class RowQueue {
  private final int capacity;
  private final Levels levels;
  private final List<Map<String, Client>> clients = new ArrayList<>(); // of each level
  private final Map<Job, JobRows> jobs = new LinkedHashMap<>(); // in the order of arrival
  private int waiting;

  /**
   * @param capacity the most rows that may wait
   * @param priorityLevels of the jobs
   */
  RowQueue(int capacity, int priorityLevels) {
    this.capacity = capacity;
    this.levels = new Levels(priorityLevels);
    for (int level = 0; level < priorityLevels; level++) {
      clients.add(new LinkedHashMap<>()); // the one served longest ago first
    }
  }

  boolean isEmpty() {
    return jobs.isEmpty();
  }

  /** How many rows have not been drawn yet. */
  int waiting() {
    return waiting;
  }

  /** How many rows have been drawn that are not finished. */
  int started() {
    return jobs.values().stream().mapToInt(entry -> entry.started.size()).sum();
  }

  /**
   * Takes a job in.
   *
   * @return the jobs that had to make room for it; null, and nothing has changed, if there is none
   */
  @Nullable List<Job> add(Job job) {
    List<Job> displaced = displacedBy(job);
    if (displaced == null) {
      return null;
    }
    displaced.forEach(this::remove);
    waiting += job.rows().size();
    Client client = client(job);
    JobRows entry = new JobRows(job);
    client.jobs.put(job, entry);
    jobs.put(job, entry);
    return displaced;
  }

  private Client client(Job job) {
    return clients.get(job.level()).computeIfAbsent(job.client(), Client::new);
  }

  /** Jobs without which there is room: of clients that have more rows waiting, newest first. */
  private @Nullable List<Job> displacedBy(Job newcomer) {
    int missing = newcomer.rows().size() - (capacity - waiting);
    List<Job> displaced = new ArrayList<>();
    if (missing <= 0) {
      return displaced;
    }
    Map<String, Integer> rows = new HashMap<>();
    jobs.forEach((job, entry) -> rows.merge(job.client(), entry.fresh.size(), Integer::sum));
    int own = rows.getOrDefault(newcomer.client(), 0) + newcomer.rows().size();
    List<Job> newestFirst = new ArrayList<>(unstarted());
    Collections.reverse(newestFirst);
    for (Job job : newestFirst) {
      int theirs = rows.getOrDefault(job.client(), 0);
      if (missing > 0 && theirs > own && !job.client().equals(newcomer.client())) {
        displaced.add(job);
        rows.put(job.client(), theirs - job.rows().size());
        missing -= job.rows().size();
      }
    }
    return missing > 0 ? null : displaced;
  }

  /** Drops a job with all its rows; false if it has ended before. */
  boolean remove(Job job) {
    JobRows entry = jobs.remove(job);
    if (entry == null) {
      return false;
    }
    waiting -= entry.fresh.size();
    Client client = client(job);
    client.giveBack(entry.places());
    client.jobs.remove(job);
    if (client.jobs.isEmpty()) {
      clients.get(job.level()).remove(job.client());
    }
    return true;
  }

  /** Drops and returns the jobs that match. */
  List<Job> removeIf(Predicate<Job> condition) {
    List<Job> matching = jobs.keySet().stream().filter(condition).toList();
    matching.forEach(this::remove);
    return matching;
  }

  /** Drops and returns the jobs of which no row has ever been drawn, but for sequels. */
  List<Job> removeUnstarted() {
    List<Job> unstarted = unstarted();
    unstarted.forEach(this::remove);
    return unstarted;
  }

  private List<Job> unstarted() {
    return jobs.values().stream()
        .filter(entry -> entry.isUnstarted() && !entry.job.isSequel())
        .map(entry -> entry.job)
        .toList();
  }

  List<Job> jobs() {
    return List.copyOf(jobs.keySet());
  }

  /** The rows of the next batch, at most {@code size}; they stay here until they are finished. */
  List<Ticket> draw(int size) {
    deal(size);
    List<Ticket> batch = new ArrayList<>();
    for (Map<String, Client> level : clients) {
      for (Client client : List.copyOf(level.values())) {
        boolean served = false;
        for (JobRows entry : List.copyOf(client.jobs.values())) {
          int begun = entry.begin();
          waiting -= begun;
          served |= begun > 0;
          entry.started.stream().limit(entry.places()).forEach(batch::add);
          if (begun > 0) {
            toTheEnd(client.jobs, entry.job, entry);
          }
        }
        if (served) {
          toTheEnd(level, client.name, client);
        }
      }
    }
    return batch;
  }

  private void deal(int size) {
    List<List<Client>> wanting =
        clients.stream().map(level -> List.copyOf(level.values())).toList();
    int[] wants =
        wanting.stream().mapToInt(level -> level.stream().mapToInt(Client::wants).sum()).toArray();
    int[] places = levels.deal(wants, size);
    for (int level = 0; level < places.length; level++) {
      Shares.deal(wanting.get(level), places[level]);
      for (Client client : wanting.get(level)) {
        Shares.deal(List.copyOf(client.jobs.values()), client.places());
      }
    }
  }

  /**
   * Takes in the image of a drawn row.
   *
   * @return all images of the job if this was its last row, and it has ended; else null
   */
  @Nullable List<float[]> finish(Ticket ticket, float[] image) {
    JobRows entry = jobs.get(ticket.job());
    if (entry == null || !entry.started.remove(ticket)) {
      return null; // its job was dropped while it ran
    }
    entry.giveBack(1);
    client(ticket.job()).giveBack(1);
    entry.results[ticket.index()] = image;
    if (entry.wants() > 0) {
      return null;
    }
    remove(ticket.job());
    return List.of(entry.results);
  }

  /**
   * The work that may be done before rows that a client would add now, if turns go as they do.
   *
   * @param rows how many it would add
   */
  Ahead ahead(String client, int level, int rows) {
    Client own = clients.get(level).get(client);
    int ownRows = rows + (own == null ? 0 : own.wants());
    Ahead ahead = Ahead.NOTHING;
    for (int other = 0; other < clients.size(); other++) {
      for (Client one : clients.get(other).values()) {
        int wants = one.wants();
        boolean all = other < level || one == own;
        int most = all ? wants : Math.max(one.places(), other == level ? ownRows : 0);
        ahead = ahead.plus(Math.min(wants, most), one.stepsLeft() / wants);
      }
    }
    return ahead;
  }

  private static <K, V> void toTheEnd(Map<K, V> map, K key, V value) {
    map.remove(key);
    map.put(key, value);
  }

  /** A caller's jobs of one level. */
  private static final class Client extends Shares.Claim {
    final String name;
    final Map<Job, JobRows> jobs = new LinkedHashMap<>(); // the one served longest ago first

    Client(String name) {
      this.name = name;
    }

    @Override
    int wants() {
      return jobs.values().stream().mapToInt(JobRows::wants).sum();
    }

    double stepsLeft() {
      return jobs.values().stream().mapToDouble(JobRows::stepsLeft).sum();
    }
  }
}
