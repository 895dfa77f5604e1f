package ddim.serve.batch;

import java.util.Arrays;

/**
 * How many steps the next graph call takes.
 *
 * <p>The graph computes every row of a batch for as many columns as it is given; a row that has
 * ended before is padding. A call for the longest row of 5, 100 and 100 steps would compute 95 of
 * 300 row-steps for nothing, hold back the short row's image, and leave its place empty. So a call
 * ends where a row ends, the finished row leaves, another joins. But a call has a fixed price
 * (feeding and fetching the state, the session's own work), so rows that end close together leave
 * together: the call goes on to a later row's end as long as all the padding costs less than one
 * more call.
 */
final class ColumnRule {
  /** What a call costs beyond its columns, in columns: measured on two cores, 0.1 to 0.25. */
  private static final double CALL_COST = 0.25;

  private ColumnRule() {}

  /**
   * @param remaining the steps that each row of the batch has left, each at least 1
   * @param limit the most columns
   */
  static int columns(int[] remaining, int limit) {
    int[] ends = Arrays.stream(remaining).map(r -> Math.min(r, limit)).sorted().toArray();
    int columns = ends[0];
    long padding = 0; // row-steps computed for nothing in a call of ends[i] columns
    for (int i = 1; i < ends.length; i++) {
      padding += (long) i * (ends[i] - ends[i - 1]);
      if (padding > CALL_COST * ends.length) {
        break;
      }
      columns = ends[i];
    }
    return columns;
  }
}
