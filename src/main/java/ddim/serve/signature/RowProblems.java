package ddim.serve.signature;

import ddim.diffusion.Violation;
import ddim.serve.error.InvalidRequestException;
import java.util.ArrayList;
import java.util.List;

/** What is wrong with the numbers of a request, row by row. */
final class RowProblems {
  private static final int MOST = 8;

  private final List<Violation> found = new ArrayList<>();

  boolean isEmpty() {
    return found.isEmpty();
  }

  /** Whether there is enough to tell. */
  boolean isFull() {
    return found.size() >= MOST;
  }

  void rule(boolean holds, int row, String field, String message) {
    if (!holds) {
      add(row, new Violation(field, message));
    }
  }

  void add(int row, Violation violation) {
    if (!isFull()) {
      String field = violation.field() + "[" + row + "]";
      found.add(new Violation(field, "row " + row + ": " + violation.message()));
    }
  }

  /** Refuses numbers that are not finite. */
  void finite(int row, String field, float[] numbers) {
    for (float number : numbers) {
      if (!Float.isFinite(number)) {
        add(row, new Violation(field, field + " must hold finite numbers, has " + number));
        return;
      }
    }
  }

  /**
   * @throws InvalidRequestException if anything was found
   */
  void refuse() {
    if (!found.isEmpty()) {
      throw new InvalidRequestException(found);
    }
  }
}
