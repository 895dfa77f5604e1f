package ddim.eval;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * Files that are written beside their place and renamed: whoever looks sees all of one or what was
 * there.
 *
 * <p>Names on the way are random: processes of other machines that share the folder may have equal
 * numbers.
 */
public final class WholeFile {
  /** What unfinished files are called: these of all names, hidden. */
  private static final String UNFINISHED = ".*.part";

  private WholeFile() {}

  /** Writes the file at the place that it is given. */
  @FunctionalInterface
  public interface Content {
    void into(Path temporary) throws IOException;
  }

  /**
   * Writes a file.
   *
   * @throws IOException if it cannot be written; nothing is left of it then
   */
  public static void write(Path file, byte[] content) throws IOException {
    write(file, temporary -> Files.write(temporary, content));
  }

  /** As the other, of what need not be in memory; if the content throws, the file stays away. */
  public static void write(Path file, Content content) throws IOException {
    Path temporary =
        file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      content.into(temporary);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Deletes what killed processes left unfinished in a folder, which nobody may be writing to. */
  public static void deleteUnfinished(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, UNFINISHED)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // there is nothing in a folder that is not there
    }
  }
}
