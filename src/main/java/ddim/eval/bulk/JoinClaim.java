package ddim.eval.bulk;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * The right to join parts, as a file that only one of several processes can make. Its owner renews
 * it; one that nobody renews is that of a killed process, and void.
 *
 * <p>Whether it is renewed is seen by those who wait for it, on their own clock. A process that was
 * only slow may lose its claim and work on: joining must stand two at a time, the claim saves the
 * second the work.
 *
 * <p>Not thread-safe.
 */
final class JoinClaim implements AutoCloseable {
  private static final Duration MOST_BETWEEN_LOOKS = Duration.ofMillis(200);
  private static final long RENEWED_AFTER_NANOS = Duration.ofSeconds(1).toNanos();

  private final Path file;
  private final String owner;
  private long renewals;
  private long renewedAt = System.nanoTime();

  private JoinClaim(Path file, String owner) {
    this.file = file;
    this.owner = owner;
  }

  /**
   * Takes the claim, waiting for those who have it.
   *
   * @param patience how long a claim that is not renewed counts
   * @return empty if the claim's folder is gone
   */
  static Optional<JoinClaim> take(Path file, Duration patience) throws IOException {
    String owner = UUID.randomUUID().toString();
    String seen = "";
    long since = System.nanoTime();
    while (true) {
      try {
        Files.writeString(file, owner, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        return Optional.of(new JoinClaim(file, owner));
      } catch (NoSuchFileException e) {
        return Optional.empty();
      } catch (FileAlreadyExistsException e) {
        // somebody joins, or was killed at it
      }
      String now = content(file);
      if (!now.equals(seen)) {
        seen = now;
        since = System.nanoTime();
      } else if (System.nanoTime() - since > patience.toNanos()) {
        Files.deleteIfExists(file);
      } else {
        pause(patience.dividedBy(4));
      }
    }
  }

  private static String content(Path file) throws IOException {
    try {
      return "of " + Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private static void pause(Duration most) throws IOException {
    try {
      Thread.sleep(Math.min(most.toMillis(), MOST_BETWEEN_LOOKS.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while others join the parts");
    }
  }

  /** Shows that the owner lives; may be called as often as one likes. */
  void renew() throws IOException {
    if (System.nanoTime() - renewedAt < RENEWED_AFTER_NANOS) {
      return;
    }
    renewedAt = System.nanoTime();
    if (content(file).startsWith("of " + owner)) {
      try {
        Files.writeString(
            file,
            owner + " " + ++renewals,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
      } catch (NoSuchFileException e) {
        // taken away: who has it now does what we do
      }
    }
  }

  /** Gives it back, if it is still ours. */
  @Override
  public void close() throws IOException {
    if (content(file).startsWith("of " + owner)) {
      Files.deleteIfExists(file);
    }
  }
}
