package ddim.serve.batch;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How long a step of a graph call takes at each batch size: the median of the latest measurements,
 * so that a stall does not count, or that of the last few, if it is longer: a machine that has
 * become slower is believed soon. Thread-safe.
 */
final class StepTimes {
  static final int DOUBTS = 10;
  private static final int KEPT = 5;
  private static final int FEW = 3;

  private final TreeMap<Integer, Deque<Long>> nanos = new TreeMap<>();

  private int doubts;

  /** Takes in a measurement. */
  synchronized void add(int batchSize, Duration perStep) {
    doubts = 0;
    Deque<Long> latest = nanos.computeIfAbsent(batchSize, size -> new ArrayDeque<>());
    latest.add(perStep.toNanos());
    if (latest.size() > KEPT) {
      latest.remove();
    }
  }

  /** At a size; from the nearest larger or else smaller size if it has not been measured. */
  synchronized Optional<Duration> at(int batchSize) {
    Map.Entry<Integer, Deque<Long>> nearest = nanos.ceilingEntry(batchSize);
    if (nearest != null) {
      return Optional.of(Duration.ofNanos(median(nearest.getValue())));
    }
    if (nanos.isEmpty()) {
      return Optional.empty();
    }
    Map.Entry<Integer, Deque<Long>> largest = nanos.lastEntry();
    double scale = batchSize / (double) largest.getKey();
    return Optional.of(Duration.ofNanos((long) (median(largest.getValue()) * scale)));
  }

  /** At the size where it is shortest: no row takes its steps sooner. */
  synchronized Optional<Duration> shortest() {
    return nanos.values().stream()
        .map(latest -> Duration.ofNanos(median(latest)))
        .min(Comparator.naturalOrder());
  }

  /**
   * For when work was refused while nothing else was to be done: times that are wrong must not
   * refuse for ever, as nothing is measured meanwhile. So many doubts in a row, and the slowest
   * measurement at each size is forgotten.
   */
  synchronized void doubt() {
    doubts++;
    if (doubts % DOUBTS != 0) {
      return;
    }
    nanos.values().forEach(latest -> latest.remove(Collections.max(latest)));
    nanos.values().removeIf(Deque::isEmpty);
  }

  private static long median(Deque<Long> latest) {
    List<Long> all = List.copyOf(latest);
    return Math.max(middle(all), middle(all.subList(Math.max(0, all.size() - FEW), all.size())));
  }

  private static long middle(List<Long> some) {
    List<Long> sorted = new ArrayList<>(some);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
