package ddim.serve.rpc;

import ddim.diffusion.Violation;
import java.util.ArrayList;
import java.util.List;

/** What is wrong with one request: as much as a client is told at once. */
final class Problems {
  private static final int MOST = 8;

  private final List<Violation> found = new ArrayList<>();

  /**
   * Notes a problem, unless there are enough.
   *
   * @param field its path in the request
   * @param message a whole sentence
   */
  void add(String field, String message) {
    if (!isFull()) {
      found.add(new Violation(field, message));
    }
  }

  void rule(boolean holds, String field, String message) {
    if (!holds) {
      add(field, message);
    }
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  /** Whether there is enough to tell: who looks through a list need not go on. */
  boolean isFull() {
    return found.size() >= MOST;
  }

  List<Violation> found() {
    return List.copyOf(found);
  }
}
