package ddim.train;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Says of which file an error is: that of a full disk does not. */
final class Unwritable {
  private Unwritable() {}

  /** {@code FILE: cannot be written: REASON}. */
  static IOException of(Path file, IOException e) {
    return new IOException(file + ": cannot be written: " + reason(e), e);
  }

  private static String reason(IOException e) {
    if (e instanceof FileSystemException named) {
      return named.getReason() == null ? named.getClass().getSimpleName() : named.getReason();
    }
    return String.valueOf(e.getMessage());
  }
}
