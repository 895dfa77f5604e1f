package ddim.serve.rpc;

import ddim.diffusion.Violation;
import java.util.ArrayList;
import java.util.List;

/** All that is wrong with one request. */
final class Problems {
  private final List<Violation> found = new ArrayList<>();

  /**
   * @param field its path in the request
   * @param message a whole sentence
   */
  void add(String field, String message) {
    found.add(new Violation(field, message));
  }

  void rule(boolean holds, String field, String message) {
    if (!holds) {
      add(field, message);
    }
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  List<Violation> found() {
    return List.copyOf(found);
  }
}
