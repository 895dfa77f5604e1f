package ddim.serve;

import java.time.Duration;

/**
 * How connections are kept.
 *
 * @param maxCalls how many calls one connection may have open at once
 * @param keepAlive after how long without a sign of life the server asks for one; a client that
 *     gives none is gone
 * @param shortestKeepAlive how often a client may ask the server for one; who asks more often is
 *     disconnected
 * @param maxAge after how long a client is told to connect anew, so that new replicas get their
 *     share; zero for never. Calls that are open go on.
 */
public record ConnectionOptions(
    int maxCalls, Duration keepAlive, Duration shortestKeepAlive, Duration maxAge) {
  /** A thousand calls, a minute, ten seconds, no end. */
  public static final ConnectionOptions DEFAULTS =
      new ConnectionOptions(1000, Duration.ofMinutes(1), Duration.ofSeconds(10), Duration.ZERO);

  /**
   * @throws IllegalArgumentException if a value is out of range, naming it
   */
  public ConnectionOptions {
    require(maxCalls >= 1, "max_calls_per_connection must be at least 1, is " + maxCalls);
    require(isPositive(keepAlive), "keep_alive must be above zero, is " + keepAlive);
    require(
        isPositive(shortestKeepAlive),
        "shortest_keep_alive must be above zero, is " + shortestKeepAlive);
    require(!maxAge.isNegative(), "max_connection_age must not be negative, is " + maxAge);
  }

  /** A copy whose connections end at an age. */
  public ConnectionOptions withMaxAge(Duration age) {
    return new ConnectionOptions(maxCalls, keepAlive, shortestKeepAlive, age);
  }

  private static boolean isPositive(Duration duration) {
    return !duration.isNegative() && !duration.isZero();
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
