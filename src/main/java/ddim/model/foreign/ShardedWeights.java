package ddim.model.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.model.ModelFormatException;
import ddim.model.SafeTensors;
import ddim.model.WeightFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/**
 * Weights in several safetensors files, and the index that says which tensor is where: {@code
 * NAME.safetensors.index.json} with the key {@code weight_map}.
 */
final class ShardedWeights implements WeightFile {
  /** More files than any model has, and fewer than a process may open. */
  private static final int MAX_FILES = 256;

  private final Path index;
  private final Map<String, SafeTensors> files = new LinkedHashMap<>();
  private final Map<String, SafeTensors> places = new LinkedHashMap<>();

  private ShardedWeights(Path index) {
    this.index = index;
  }

  /**
   * Opens all files.
   *
   * @throws ModelFormatException if the index or a file is broken, or they do not agree
   * @throws IOException if one cannot be read
   */
  static ShardedWeights open(Path index) throws IOException {
    JsonNode map = JsonKeys.read(index).get("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new ModelFormatException(index + ": weight_map is missing, or no object");
    }
    ShardedWeights weights = new ShardedWeights(index);
    try {
      for (Map.Entry<String, JsonNode> entry : map.properties()) {
        weights.add(entry.getKey(), entry.getValue());
      }
      weights.requireAllNamed();
      return weights;
    } catch (IOException | RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private void add(String tensor, JsonNode place) throws IOException {
    String name = place.asText();
    SafeTensors file = files.get(name);
    if (file == null) {
      file = openFile(name);
      files.put(name, file);
    }
    if (!file.names().contains(tensor)) {
      throw new ModelFormatException(index + ": " + tensor + " is not in " + name);
    }
    places.put(tensor, file);
  }

  private SafeTensors openFile(String name) throws IOException {
    if (!name.matches("[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}")) {
      throw new ModelFormatException(
          index + ": '" + name + "' is not the name of a file beside it");
    }
    if (files.size() == MAX_FILES) {
      throw new ModelFormatException(index + ": names more than " + MAX_FILES + " files");
    }
    Path file = index.resolveSibling(name);
    if (!Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": missing");
    }
    return SafeTensors.open(file);
  }

  /** A tensor that the index leaves out is a sign of files that do not belong together. */
  private void requireAllNamed() {
    files.forEach(
        (name, file) -> {
          for (String tensor : file.names()) {
            if (places.get(tensor) != file) {
              throw new ModelFormatException(index + ": does not name " + tensor + " of " + name);
            }
          }
        });
  }

  @Override
  public Set<String> names() {
    return places.keySet();
  }

  @Override
  public Shape shape(String name) {
    return place(name).shape(name);
  }

  @Override
  public float[] floats(String name) throws IOException {
    return place(name).floats(name);
  }

  private SafeTensors place(String name) {
    SafeTensors file = places.get(name);
    if (file == null) {
      throw new ModelFormatException(index + ": has no tensor '" + name + "'");
    }
    return file;
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (SafeTensors file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
