package ddim.eval.bulk;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of several processes that share work.
 *
 * @param index from 0
 * @param of how many there are
 */
public record Shard(int index, int of) {
  /** All of the work. */
  public static final Shard WHOLE = new Shard(0, 1);

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,9})/([0-9]{1,9})");

  /**
   * @throws IllegalArgumentException if there is no such shard
   */
  public Shard {
    if (of < 1 || index < 0 || index >= of) {
      throw new IllegalArgumentException(
          "a shard is i/n with i from 0 to n - 1, not " + index + "/" + of);
    }
  }

  /**
   * Reads {@code i/n}.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static Shard parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("a shard is i/n with i from 0 to n - 1, not " + text);
    }
    return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** The first of this shard's parts; the last is before the first of the next shard. */
  long first(long parts) {
    return parts * index / of;
  }

  /** After the last of this shard's parts. */
  long end(long parts) {
    return parts * (index + 1) / of;
  }

  @Override
  public String toString() {
    return index + "/" + of;
  }
}
