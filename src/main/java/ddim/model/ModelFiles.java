package ddim.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks that the files of a model are there and whole before TensorFlow sees them. */
final class ModelFiles {
  private ModelFiles() {}

  /**
   * @return the description
   * @throws ModelFormatException naming the file that is missing or damaged
   */
  static ModelFile check(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new ModelFormatException(folder + ": no such folder");
    }
    Path description = require(folder.resolve(ModelFile.NAME));
    Path graph = require(folder.resolve(SavedModelWriter.GRAPH_FILE));
    ModelFile file = ModelFile.parse(Files.readAllBytes(description), description.toString());
    String digest = ModelExporter.digest(Files.readAllBytes(graph));
    if (!digest.equals(file.graphDigest())) {
      throw new ModelFormatException(
          graph
              + ": damaged: its SHA-256 is "
              + digest
              + ", "
              + ModelFile.NAME
              + " says "
              + file.graphDigest());
    }
    return file;
  }

  private static Path require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": missing");
    }
    return file;
  }
}
