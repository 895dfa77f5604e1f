package ddim.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Where the time of a signature's call goes.
 *
 * @param wall the median time of a call, not traced
 * @param tracedWall the median time of a call that is traced, which is slower
 * @param nodes one for each node of the graph that ran, the longest first
 */
public record GraphProfile(Duration wall, Duration tracedWall, List<Entry> nodes) {
  private static final Comparator<Entry> LONGEST_FIRST =
      Comparator.comparing(Entry::time)
          .reversed()
          .thenComparing(Entry::operation)
          .thenComparing(Entry::name);

  /**
   * One node, or all nodes of one operation; numbers are means of one call of the signature.
   *
   * @param name of the node in the graph that ran, or of the operation
   * @param operation such as {@code Conv2D}; fused ones begin with an underscore
   * @param device such as {@code CPU:0}
   * @param count how often it ran
   * @param time spent in its kernel; kernels may run side by side
   * @param bytes of its outputs, over all its runs
   */
  public record Entry(
      String name, String operation, String device, long count, Duration time, long bytes) {
    private Entry plus(Entry other) {
      return new Entry(
          operation,
          operation,
          device,
          count + other.count,
          time.plus(other.time),
          bytes + other.bytes);
    }
  }

  public GraphProfile {
    List<Entry> sorted = new ArrayList<>(nodes);
    sorted.sort(LONGEST_FIRST);
    nodes = List.copyOf(sorted);
  }

  /** The nodes of each operation on each device joined, the longest first. */
  public List<Entry> operations() {
    TreeMap<String, Entry> joined = new TreeMap<>();
    for (Entry node : nodes) {
      Entry alone =
          new Entry(node.operation, node.operation, node.device, node.count, node.time, node.bytes);
      joined.merge(node.operation + " " + node.device, alone, Entry::plus);
    }
    return joined.values().stream().sorted(LONGEST_FIRST).toList();
  }

  /** The time in all kernels. */
  public Duration kernelTime() {
    return nodes.stream().map(Entry::time).reduce(Duration.ZERO, Duration::plus);
  }
}
