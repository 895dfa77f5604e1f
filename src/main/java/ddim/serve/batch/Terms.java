package ddim.serve.batch;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * On which terms images are asked for.
 *
 * @param client who asks: places in a batch are shared out fairly among clients
 * @param priority from 1, the most urgent, to {@code priority_levels}; 0 for the default level
 * @param timeLeft how long the caller will wait; null for as long as it takes
 */
public record Terms(String client, int priority, @Nullable Duration timeLeft) {
  /** A caller without a name, at the default level. */
  public static Terms within(@Nullable Duration timeLeft) {
    return new Terms("", 0, timeLeft);
  }
}
