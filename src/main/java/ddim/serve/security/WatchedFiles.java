package ddim.serve.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads files, and again whenever their contents have changed.
 *
 * <p>The contents are compared, not the times: a file may be a link into a folder that is swapped.
 * A change that cannot be used, as one of a key that has yet to be followed by its certificate, is
 * logged, and what was read before stays in use.
 */
final class WatchedFiles implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WatchedFiles.class);

  /** What is done with the files. */
  interface Reader {
    /**
     * Reads them and puts what they say to use, or changes nothing.
     *
     * @throws IOException if one cannot be read
     * @throws GeneralSecurityException if they are not what they should be
     */
    void read() throws IOException, GeneralSecurityException;
  }

  private final List<Path> files;
  private final Reader reader;
  private final ScheduledExecutorService timer;
  private byte[] seen;

  private WatchedFiles(List<Path> files, Reader reader, byte[] seen) {
    this.files = files;
    this.reader = reader;
    this.seen = seen;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "ddim-files");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Reads the files and looks at them again every so often.
   *
   * @throws IOException if one cannot be read the first time
   * @throws GeneralSecurityException if they cannot be used the first time
   */
  static WatchedFiles watch(List<Path> files, Duration every, Reader reader)
      throws IOException, GeneralSecurityException {
    WatchedFiles watched = new WatchedFiles(List.copyOf(files), reader, digest(files));
    reader.read();
    long nanos = every.toNanos();
    var unused =
        watched.timer.scheduleWithFixedDelay(watched::look, nanos, nanos, TimeUnit.NANOSECONDS);
    return watched;
  }

  private void look() {
    try {
      byte[] now = digest(files);
      if (!MessageDigest.isEqual(now, seen)) {
        seen = now; // what cannot be used is tried again when it changes again
        reader.read();
        log.info("read {} again", files);
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      log.warn(
          "{} changed and cannot be used, what was read before stays: {}", files, e.toString());
    }
  }

  private static byte[] digest(List<Path> files) throws IOException, GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Path file : files) {
      digest.update(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
    return digest.digest();
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
