package ddim.serve.batch;

import java.util.function.IntPredicate;

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
   * Begins a new batch.
   *
   * @param wants whether a level wants places
   */
  void begin(IntPredicate wants) {
    for (int level = 0; level < clock.length; level++) {
      if (wants.test(level) && !active[level]) {
        clock[level] = Math.max(clock[level], now);
      }
      active[level] = wants.test(level);
    }
  }

  /** The level that is furthest behind of those that want places; -1 if there is none. */
  int next(IntPredicate wants) {
    int behind = -1;
    for (int level = 0; level < clock.length; level++) {
      if (wants.test(level) && (behind < 0 || clock[level] < clock[behind])) {
        behind = level;
      }
    }
    return behind;
  }

  /** Gives a level places. */
  void take(int level, int places) {
    now = clock[level];
    clock[level] += places * Math.pow(SHARE, level);
  }
}
