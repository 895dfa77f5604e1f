package ddim.serve.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The rows of all unfinished jobs, and whose turn it is.
 *
 * <p>A guided row has two places of a batch ({@link Row#places()}). Places are shared out among the
 * levels of priority ({@link Levels}) and within a level among the clients ({@link Shares}), whose
 * turns go to those that were served longest ago: so a client with 1000 jobs leaves every other
 * client its place. A client's jobs do not share its places, but come one after the other, about in
 * the order in which they would end if they did (after the fair sojourn protocol of Friedman and
 * Henderson 2003): so a job of 1000 rows lets small ones pass, which cannot keep it waiting for
 * ever, and equal jobs end one by one instead of all of them late. Where places go to others
 * between two calls, the rows that had them are interrupted, and go on later from where they are.
 *
 * <p>Room is shared out too: when it is full, less urgent jobs make way for a more urgent one, and
 * among equals a client that has more rows waiting than another makes way for it with its newest
 * job.
 *
 * <p>Invariants, between calls:
 *
 * <ul>
 *   <li>a job is here from {@link #add} until {@link #remove}, or displaced by another {@link
 *       #add}, or its last {@link #finish}, each of which tells its caller that it was the one to
 *       end the job: so every job has one end
 *   <li>a row of a job that is here is in exactly one of {@code fresh}, {@code started} or the
 *       results; so while a job is here there is something to draw
 *   <li>{@code waiting} is the number of fresh rows, and the places that they need are at most the
 *       capacity
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
  private int waitingPlaces;

  /**
   * @param capacity the most places that waiting rows may need
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

  /** How many places the rows need that have not been drawn yet. */
  int waitingPlaces() {
    return waitingPlaces;
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
    waitingPlaces += job.places();
    jobs.put(job, client(job).add(job));
    return displaced;
  }

  private Client client(Job job) {
    return clients.get(job.level()).computeIfAbsent(job.client(), Client::new);
  }

  /**
   * Jobs without which there is room. Those of less urgent levels make way first, the least urgent
   * and newest before others, whoever asked for them; then, at the newcomer's level, those of
   * clients that have more waiting there than the newcomer's. A more urgent job never does.
   */
  private @Nullable List<Job> displacedBy(Job newcomer) {
    int missing = newcomer.places() - (capacity - waitingPlaces);
    List<Job> displaced = new ArrayList<>();
    if (missing <= 0) {
      return displaced;
    }
    Map<String, Integer> atLevel = new HashMap<>();
    jobs.forEach(
        (job, entry) -> {
          if (job.level() == newcomer.level()) {
            atLevel.merge(job.client(), entry.freshPlaces(), Integer::sum);
          }
        });
    int own = atLevel.getOrDefault(newcomer.client(), 0) + newcomer.places();
    List<Job> candidates = new ArrayList<>(unstarted());
    Collections.reverse(candidates); // newest first, and stays so within a level
    candidates.sort(Comparator.comparingInt(Job::level).reversed());
    for (Job job : candidates) {
      if (missing <= 0 || job.level() < newcomer.level()) {
        break;
      }
      int theirs = atLevel.getOrDefault(job.client(), 0);
      boolean lessUrgent = job.level() > newcomer.level();
      if (lessUrgent || (theirs > own && !job.client().equals(newcomer.client()))) {
        displaced.add(job);
        missing -= job.places();
        if (!lessUrgent) {
          atLevel.put(job.client(), theirs - job.places());
        }
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
    waitingPlaces -= entry.freshPlaces();
    Client client = client(job);
    client.giveBack(entry.rows());
    client.remove(entry);
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

  /** Drops and returns those jobs that match of which no row has ever been drawn. */
  List<Job> removeUnstartedIf(Predicate<Job> condition) {
    List<Job> matching = unstarted().stream().filter(condition).toList();
    matching.forEach(this::remove);
    return matching;
  }

  /** Drops and returns the jobs of which no row has ever been drawn, but for sequels. */
  List<Job> removeUnstarted() {
    return removeUnstartedIf(job -> true);
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

  /**
   * The rows of the next batch; they stay here until they are finished.
   *
   * @param size how many places it has; a first row that needs more is alone
   */
  List<Ticket> draw(int size) {
    deal(size);
    List<Ticket> batch = new ArrayList<>();
    for (Map<String, Client> level : clients) {
      for (Client client : List.copyOf(level.values())) {
        boolean served = false;
        for (JobRows entry : client.jobs) {
          List<Ticket> begun = entry.start();
          waiting -= begun.size();
          waitingPlaces -= JobRows.places(begun);
          batch.addAll(entry.running());
          if (!begun.isEmpty()) {
            client.begun(entry, begun);
            served = true;
          }
        }
        if (served || client.gained()) {
          level.remove(client.name);
          level.put(client.name, client);
        }
      }
    }
    return batch;
  }

  /**
   * Gives everybody's rows places, in the order of turns. A row whose turn it is and that needs
   * more places than are left is not passed by one that would begin, or small rows would keep it
   * waiting for ever; what is left goes to one that runs.
   */
  private void deal(int size) {
    List<Shares> turns =
        clients.stream().map(level -> new Shares(List.copyOf(level.values()))).toList();
    levels.begin(level -> turns.get(level).next() != null);
    int left = size;
    while (left > 0) {
      int level = levels.next(one -> turns.get(one).next() != null);
      Shares.Claim next = level < 0 ? null : turns.get(level).next();
      if (next == null) {
        return;
      }
      int places = next.nextPlaces();
      if (places > left && left < size) {
        goOn(left);
        return;
      }
      levels.take(level, places);
      turns.get(level).take();
      left -= places;
    }
  }

  /** Gives places to rows that were in the last batch. */
  private void goOn(int places) {
    int left = places;
    for (Map<String, Client> level : clients) {
      for (Client client : level.values()) {
        for (JobRows entry : client.jobs) {
          while (entry.nextWasHeld() && entry.nextPlaces() <= left) {
            left -= entry.nextPlaces();
            client.take(entry);
          }
        }
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
   * @param places how many it would add
   */
  Ahead ahead(String client, int level, int places) {
    Client own = clients.get(level).get(client);
    int ownPlaces = places + (own == null ? 0 : own.places());
    Ahead ahead = Ahead.NOTHING;
    for (int other = 0; other < clients.size(); other++) {
      for (Client one : clients.get(other).values()) {
        int wants = one.places();
        boolean all = other < level || one == own;
        int most = all ? wants : Math.max(one.held(), other == level ? ownPlaces : 0);
        ahead = ahead.plus(Math.min(wants, most), (double) one.workLeft() / wants);
      }
    }
    return ahead;
  }

  /** A caller's jobs of one level, with sums of them that every newcomer asks for. */
  private static final class Client extends Shares.Claim {
    final String name;
    final NavigableSet<JobRows> jobs = new TreeSet<>(); // in the order of their turns
    private final Set<JobRows> started = new LinkedHashSet<>();
    private int freshPlaces;
    private long freshWork;
    private double clock; // the work that each job would have had by now if they shared alike
    private long workThen; // what was left when the last batch was made, of what is here
    private int sharers = 1; // jobs at that time
    private long added;
    private Iterator<JobRows> turns = Collections.emptyIterator(); // of a batch in the making
    private @Nullable JobRows next;

    Client(String name) {
      this.name = name;
    }

    JobRows add(Job job) {
      JobRows entry = new JobRows(job, clock, added++);
      jobs.add(entry);
      freshPlaces += entry.freshPlaces();
      long work = JobRows.workLeft(entry.fresh);
      freshWork += work;
      workThen += work;
      return entry;
    }

    void remove(JobRows entry) {
      jobs.remove(entry);
      started.remove(entry);
      freshPlaces -= entry.freshPlaces();
      long work = JobRows.workLeft(entry.fresh);
      freshWork -= work;
      workThen -= work + JobRows.workLeft(entry.started); // nobody has done that
    }

    /** Rows of a job of its are fresh no more. */
    void begun(JobRows entry, List<Ticket> rows) {
      started.add(entry);
      freshPlaces -= JobRows.places(rows);
      freshWork -= JobRows.workLeft(rows);
    }

    @Override
    int wants() {
      return jobs.stream().mapToInt(JobRows::wants).sum();
    }

    @Override
    int nextPlaces() {
      return next == null ? 1 : next.nextPlaces();
    }

    @Override
    void begin() {
      super.begin();
      long left = workLeft();
      clock += (double) (workThen - left) / sharers;
      workThen = left;
      sharers = jobs.size();
      jobs.forEach(JobRows::begin);
      turns = jobs.iterator();
      next = turns.hasNext() ? turns.next() : null;
    }

    @Override
    void take() {
      super.take();
      if (next != null) {
        next.take();
        if (!next.wantsMore()) {
          next = turns.hasNext() ? turns.next() : null;
        }
      }
    }

    /** Gives a job places out of its turn. */
    void take(JobRows entry) {
      super.take();
      entry.take();
    }

    /** How many places its rows need. */
    int places() {
      return freshPlaces + started.stream().mapToInt(job -> JobRows.places(job.started)).sum();
    }

    /** How many of them they have. */
    int held() {
      return started.stream().mapToInt(job -> JobRows.places(job.running())).sum();
    }

    /** The rows of batches that its rows have yet to be. */
    long workLeft() {
      return freshWork + started.stream().mapToLong(job -> JobRows.workLeft(job.started)).sum();
    }
  }
}
