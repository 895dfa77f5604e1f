package ddim.serve.repository;

import ddim.model.ModelFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What lies in a model repository: {@code DIR/NAME/VERSION/}. */
final class ModelFolders {
  private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,17}");

  private ModelFolders() {}

  /**
   * The folder of every model by name.
   *
   * @throws ModelFormatException if the repository cannot be read
   */
  static NavigableMap<String, Path> models(Path root) {
    return folders(root, ModelConfig.NAME);
  }

  /**
   * The version folders of a model.
   *
   * @throws ModelFormatException if it cannot be read
   */
  static NavigableMap<Long, Path> versions(Path model) {
    NavigableMap<Long, Path> versions = new TreeMap<>();
    folders(model, VERSION).forEach((version, path) -> versions.put(Long.parseLong(version), path));
    return versions;
  }

  /**
   * The names, sizes and times of a folder's files: while it changes, somebody is writing. What
   * cannot be read has a fingerprint too.
   */
  static Map<String, String> fingerprint(Path folder) {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
        BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
        files.put(folder.relativize(path).toString(), file.size() + " " + file.lastModifiedTime());
      }
    } catch (IOException | UncheckedIOException e) {
      files.put("", String.valueOf(e.getMessage()));
    }
    return files;
  }

  private static NavigableMap<String, Path> folders(Path parent, Pattern name) {
    NavigableMap<String, Path> folders = new TreeMap<>();
    try (Stream<Path> entries = Files.list(parent)) {
      entries
          .filter(Files::isDirectory)
          .filter(entry -> name.matcher(entry.getFileName().toString()).matches())
          .forEach(entry -> folders.put(entry.getFileName().toString(), entry));
    } catch (IOException | UncheckedIOException e) {
      throw new ModelFormatException("cannot read the model repository folder " + parent, e);
    }
    return folders;
  }
}
