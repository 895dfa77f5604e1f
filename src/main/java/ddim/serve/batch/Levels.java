package ddim.serve.batch;

/**
 * Shares places among levels of priority, so that no level starves: where all want more than there
 * is, each level gets {@value #SHARE} times as many places as the next.
 *
 * <p>Start-time fair queueing (Goyal, Vin, Cheng 1996) with places for packets: each level has a
 * clock that a place moves on, the less the more urgent it is, and the level that is behind is
 * next. A level that had nothing to do comes back at the time of the others, not with a claim on
 * the past.
 */
final class Levels {
  static final int SHARE = 4;

  private final double[] clock;
  private final boolean[] active;
  private double now;

  /**
   * @param count at least 1
   */
  Levels(int count) {
    clock = new double[count];
    active = new boolean[count];
  }

  /**
   * How many places each level gets.
   *
   * @param wants how many each could use, the most urgent level first
   */
  int[] deal(int[] wants, int size) {
    for (int level = 0; level < wants.length; level++) {
      if (wants[level] > 0 && !active[level]) {
        clock[level] = Math.max(clock[level], now);
      }
      active[level] = wants[level] > 0;
    }
    int[] places = new int[wants.length];
    for (int i = 0; i < size; i++) {
      int next = furthestBehind(wants, places);
      if (next < 0) {
        break;
      }
      now = clock[next];
      clock[next] += Math.pow(SHARE, next);
      places[next]++;
    }
    return places;
  }

  private int furthestBehind(int[] wants, int[] places) {
    int behind = -1;
    for (int level = 0; level < wants.length; level++) {
      if (places[level] < wants[level] && (behind < 0 || clock[level] < clock[behind])) {
        behind = level;
      }
    }
    return behind;
  }
}
