package ddim.serve.repository;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which versions of a model are served, of those that its folder has. */
public sealed interface VersionPolicy {
  /** The newest one: the default. */
  VersionPolicy NEWEST = new Latest(1);

  /**
   * The newest {@code count} versions that load: a broken one is passed over.
   *
   * @param count at least 1
   */
  record Latest(int count) implements VersionPolicy {
    /**
     * @throws IllegalArgumentException if the number is below 1
     */
    public Latest {
      if (count < 1) {
        throw new IllegalArgumentException("latest must be at least 1, is " + count);
      }
    }

    @Override
    public String toString() {
      return "latest " + count;
    }
  }

  /** Every version. */
  record All() implements VersionPolicy {
    @Override
    public String toString() {
      return "all";
    }
  }

  /**
   * These versions.
   *
   * @param versions at least one, each at least 1
   */
  record Specific(SortedSet<Long> versions) implements VersionPolicy {
    /**
     * @throws IllegalArgumentException if there is none, or one is below 1
     */
    public Specific {
      versions = new TreeSet<>(versions);
      if (versions.isEmpty() || versions.first() < 1) {
        throw new IllegalArgumentException(
            "specific versions must be one or more, from 1, are " + versions);
      }
    }

    @Override
    public SortedSet<Long> versions() {
      return new TreeSet<>(versions);
    }

    @Override
    public String toString() {
      return versions.stream()
          .map(String::valueOf)
          .collect(Collectors.joining(",", "specific ", ""));
    }
  }

  /** Exactly one version. */
  static VersionPolicy only(long version) {
    return new Specific(new TreeSet<>(List.of(version)));
  }

  /**
   * Reads {@code latest}, {@code latest N}, {@code all} or {@code specific N,N}.
   *
   * @throws IllegalArgumentException if the text is none of them
   */
  static VersionPolicy parse(String text) {
    Matcher latest = Pattern.compile("latest(?: ([0-9]{1,9}))?").matcher(text);
    if (latest.matches()) {
      return new Latest(latest.group(1) == null ? 1 : Integer.parseInt(latest.group(1)));
    }
    Matcher specific = Pattern.compile("specific ([0-9]{1,18}(?:, ?[0-9]{1,18})*)").matcher(text);
    if (specific.matches()) {
      SortedSet<Long> versions = new TreeSet<>();
      for (String version : specific.group(1).split(", ?", -1)) {
        versions.add(Long.parseLong(version));
      }
      return new Specific(versions);
    }
    if (text.equals("all")) {
      return new All();
    }
    throw new IllegalArgumentException("must be latest, latest N, all or specific N,N, is " + text);
  }

  /** The versions that it would serve, newest first, of those that there are. */
  default List<Long> candidates(Collection<Long> versions) {
    return versions.stream()
        .filter(version -> !(this instanceof Specific some) || some.versions.contains(version))
        .sorted(Comparator.reverseOrder())
        .toList();
  }

  /** How many of the candidates it serves. */
  default int atMost() {
    return this instanceof Latest latest ? latest.count : Integer.MAX_VALUE;
  }
}
