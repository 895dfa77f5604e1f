package ddim.model;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** Makes a folder whole or not at all: it is filled beside its place, then renamed. */
public final class WholeFolder {
  /** What goes into a folder. */
  @FunctionalInterface
  public interface Content {
    /** Writes into a folder that is there and empty. */
    void writeTo(Path folder) throws IOException;
  }

  private WholeFolder() {}

  /**
   * Makes a folder, and those above it that are missing.
   *
   * @param folder must not exist
   * @throws IllegalArgumentException if it does
   * @throws IOException if it cannot be written; then it is not there
   */
  public static void make(Path folder, Content content) throws IOException {
    if (Files.exists(folder)) {
      throw new IllegalArgumentException(folder + " is there already");
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent == null) {
      throw new FileAlreadyExistsException(folder.toString());
    }
    Files.createDirectories(parent);
    Path temporary = Files.createTempDirectory(parent, ".export-");
    try {
      content.writeTo(temporary);
      temporary.toFile().setReadable(true, false);
      temporary.toFile().setExecutable(true, false);
      Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      deleteTree(temporary);
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
