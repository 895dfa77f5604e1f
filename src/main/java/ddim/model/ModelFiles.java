package ddim.model;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.proto.SavedModel;

/** Checks that the files of a model are there and whole before TensorFlow sees them. */
final class ModelFiles {
  private static final long MAX_GRAPH_BYTES = Integer.MAX_VALUE - 8; // the longest Java array

  private ModelFiles() {}

  /**
   * @return the description
   * @throws ModelFormatException naming the file that is missing or damaged
   */
  static ModelFile check(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new ModelFormatException(folder + ": no such folder");
    }
    Path graph = require(folder.resolve(SavedModelWriter.GRAPH_FILE));
    Path description = folder.resolve(ModelFile.NAME);
    if (!Files.isRegularFile(description)) {
      throw new ModelFormatException(
          description
              + ": missing: this SavedModel was not made by ddim export, so its image size and its"
              + " noise levels are not known; ddim inspect shows what it can be called with");
    }
    ModelFile file = ModelFile.parse(Files.readAllBytes(description), description.toString());
    String digest = ModelExporter.digest(bytes(graph));
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

  /**
   * The graph of any SavedModel.
   *
   * @throws ModelFormatException if it is missing or damaged
   */
  static SavedModel graph(Path folder) throws IOException {
    Path graph = require(folder.resolve(SavedModelWriter.GRAPH_FILE));
    try {
      SavedModel model = SavedModel.parseFrom(bytes(graph));
      if (model.getMetaGraphsCount() == 0) {
        throw new ModelFormatException(graph + ": holds no graph");
      }
      return model;
    } catch (InvalidProtocolBufferException e) {
      throw new ModelFormatException(graph + ": not the graph of a SavedModel", e);
    }
  }

  private static byte[] bytes(Path graph) throws IOException {
    long size = Files.size(graph);
    if (size > MAX_GRAPH_BYTES) {
      throw new ModelFormatException(
          graph + ": " + size + " bytes; a graph has at most 2 GiB, " + MAX_GRAPH_BYTES);
    }
    return Files.readAllBytes(graph);
  }

  private static Path require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": missing");
    }
    return file;
  }
}
