package ddim.serve.batch;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is among those who want places of a batch: one row each, round after round. In each
 * round those who hold a row of that round already come first (nobody is interrupted for an equal),
 * then the others in their order.
 */
final class Shares {
  /** One who wants places. */
  abstract static class Claim {
    private int held;
    private int wanted;
    private int rows;

    /** How many rows it could have in the batch. */
    abstract int wants();

    /** How many places the next of them needs. */
    abstract int nextPlaces();

    /** How many rows it was given. */
    int rows() {
      return rows;
    }

    /** Whether it has more rows than in the last batch. */
    boolean gained() {
      return rows > held;
    }

    /** Begins a new batch, in which it has no rows yet. */
    void begin() {
      held = rows;
      wanted = wants();
      rows = 0;
    }

    /** Gives it the places of its next row. */
    void take() {
      rows++;
    }

    /** Gives so many rows back, which were held. */
    void giveBack(int count) {
      rows -= count;
    }

    /** Whether its next row was in the last batch. */
    boolean nextWasHeld() {
      return rows < Math.min(held, wanted);
    }
  }

  private final List<? extends Claim> claims;
  private int round;
  private boolean holders = true;
  private int index;
  private int wantMore; // of this round
  private @Nullable Claim next;

  /**
   * Begins a new batch.
   *
   * @param claims in the order of their turns
   */
  Shares(List<? extends Claim> claims) {
    this.claims = claims;
    claims.forEach(Claim::begin);
  }

  /** Whose turn it is; null if all have what they want. */
  @Nullable Claim next() {
    while (next == null) {
      if (index == claims.size()) {
        if (!holders && wantMore == 0) {
          return null;
        }
        round += holders ? 0 : 1;
        holders = !holders;
        index = 0;
        wantMore = 0;
      }
      if (index < claims.size()) {
        Claim claim = claims.get(index++);
        if (claim.wanted > round) {
          wantMore++;
          next = (claim.held > round) == holders ? claim : null;
        }
      }
    }
    return next;
  }

  /** Gives it the places of its next row. */
  void take() {
    if (next != null) {
      next.take();
      next = null;
    }
  }
}
