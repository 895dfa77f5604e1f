package ddim.serve.error;

import ddim.diffusion.Violation;
import java.util.List;
import java.util.stream.Collectors;

/** A request cannot be answered as it is: all that is wrong with it. */
public final class InvalidRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<Violation> violations;

  /**
   * @param violations at least one
   */
  public InvalidRequestException(List<Violation> violations) {
    super(violations.stream().map(Violation::message).collect(Collectors.joining("; ")));
    this.violations = List.copyOf(violations);
  }

  List<Violation> violations() {
    return violations;
  }
}
