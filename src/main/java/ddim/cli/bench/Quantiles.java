package ddim.cli.bench;

import java.time.Duration;
import java.util.List;

/** Quantiles of measured times. */
final class Quantiles {
  private Quantiles() {}

  /** The smallest time that at least this share of all is not above; zero if there is none. */
  static Duration of(List<Duration> times, double quantile) {
    if (times.isEmpty()) {
      return Duration.ZERO;
    }
    List<Duration> sorted = times.stream().sorted().toList();
    int index = (int) Math.ceil(quantile * sorted.size()) - 1;
    return sorted.get(Math.max(0, index));
  }
}
