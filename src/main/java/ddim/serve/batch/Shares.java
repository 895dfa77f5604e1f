package ddim.serve.batch;

import java.util.List;

/**
 * Deals the places of a batch out among those who want them, one each, round after round. In each
 * round those who hold a place of that round already come first (a row that runs is not interrupted
 * for an equal), then the others in their order.
 */
final class Shares {
  /** One who wants places. */
  abstract static class Claim {
    private int held;
    private int wanted;
    private int places;

    /** How many places it can use. */
    abstract int wants();

    /** The places that it was dealt. */
    int places() {
      return places;
    }

    /** Gives so many of them back. */
    void giveBack(int count) {
      places -= count;
    }
  }

  private Shares() {}

  /**
   * Sets everybody's places.
   *
   * @param claims in the order of their turns
   * @param size how many places there are
   */
  static void deal(List<? extends Claim> claims, int size) {
    for (Claim claim : claims) {
      claim.held = claim.places;
      claim.wanted = claim.wants();
      claim.places = 0;
    }
    int left = size;
    for (int before = -1, round = 0; left > 0 && left != before; round++) {
      before = left;
      left = dealRound(claims, round, left, true);
      left = dealRound(claims, round, left, false);
    }
  }

  private static int dealRound(
      List<? extends Claim> claims, int round, int places, boolean holders) {
    int left = places;
    for (Claim claim : claims) {
      if (left > 0 && claim.wanted > round && (claim.held > round) == holders) {
        claim.places++;
        left--;
      }
    }
    return left;
  }
}
