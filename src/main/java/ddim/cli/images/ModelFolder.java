package ddim.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A version's folder in a model repository.
 *
 * @param path {@code DIR/NAME/VERSION}
 * @param version above 0
 */
public record ModelFolder(Path path, long version) {
  /**
   * Finds a version of a model.
   *
   * @param models the repository
   * @param name the model's folder in it
   * @param version which; the newest if empty
   * @throws IOException if there is no such model or version; the message names the folder
   */
  public static ModelFolder find(Path models, String name, OptionalLong version)
      throws IOException {
    Path model = models.resolve(name);
    for (Path folder : new Path[] {models, model}) {
      if (!Files.isDirectory(folder)) {
        throw new NotDirectoryException(folder.toString());
      }
    }
    if (version.isPresent()) {
      Path folder = model.resolve(Long.toString(version.getAsLong()));
      if (!Files.isDirectory(folder)) {
        throw new NotDirectoryException(folder.toString());
      }
      return new ModelFolder(folder, version.getAsLong());
    }
    return newest(model);
  }

  /**
   * The newest version in a model's folder.
   *
   * @throws IOException if it has none
   */
  public static ModelFolder newest(Path model) throws IOException {
    try (Stream<Path> entries = Files.list(model)) {
      return entries
          .filter(ModelFolder::isVersion)
          .map(path -> new ModelFolder(path, Long.parseLong(path.getFileName().toString())))
          .max(Comparator.comparingLong(ModelFolder::version))
          .orElseThrow(() -> new IOException(model + ": has no version folder, such as 1"));
    }
  }

  /** Whether a folder is that of a model with at least one version. */
  public static boolean holdsVersions(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.anyMatch(ModelFolder::isVersion);
    }
  }

  private static boolean isVersion(Path path) {
    return Files.isDirectory(path) && path.getFileName().toString().matches("[1-9][0-9]{0,17}");
  }
}
