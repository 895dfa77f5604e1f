package ddim.serve.repository;

import ddim.model.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What lies in a model repository: {@code DIR/NAME/VERSION/}. */
final class ModelFolders {
  /** No name leads out of the repository, hides, or needs quoting anywhere. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private static final Pattern VERSION = Pattern.compile("[0-9]{1,18}");

  private ModelFolders() {}

  /**
   * The version folders of every model by name; a model without any has an empty map.
   *
   * @throws ModelFormatException if the repository cannot be read
   */
  static NavigableMap<String, NavigableMap<Long, Path>> scan(Path root) {
    NavigableMap<String, NavigableMap<Long, Path>> models = new TreeMap<>();
    folders(root, NAME)
        .forEach(
            (name, folder) -> {
              NavigableMap<Long, Path> versions = new TreeMap<>();
              folders(folder, VERSION)
                  .forEach((version, path) -> versions.put(Long.parseLong(version), path));
              models.put(name, versions);
            });
    return models;
  }

  private static NavigableMap<String, Path> folders(Path parent, Pattern name) {
    NavigableMap<String, Path> folders = new TreeMap<>();
    try (Stream<Path> entries = Files.list(parent)) {
      entries
          .filter(Files::isDirectory)
          .filter(entry -> name.matcher(entry.getFileName().toString()).matches())
          .forEach(entry -> folders.put(entry.getFileName().toString(), entry));
    } catch (IOException e) {
      throw new ModelFormatException("cannot read the model repository folder " + parent, e);
    }
    return folders;
  }
}
