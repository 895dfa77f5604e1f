package ddim.model.foreign;

import ddim.model.ModelFormatException;
import ddim.model.WeightFile;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.tensorflow.ndarray.Shape;

/** A file of weights under other names. */
final class RenamedWeights implements WeightFile {
  private final WeightFile file;
  private final Map<String, String> originals = new LinkedHashMap<>();

  /**
   * @throws ModelFormatException if two tensors get one name
   */
  RenamedWeights(WeightFile file, UnaryOperator<String> rename) {
    this.file = file;
    for (String name : file.names()) {
      String other = originals.put(rename.apply(name), name);
      if (other != null) {
        throw new ModelFormatException("'" + other + "' and '" + name + "' are the same tensor");
      }
    }
  }

  @Override
  public Set<String> names() {
    return originals.keySet();
  }

  @Override
  public Shape shape(String name) {
    return file.shape(original(name));
  }

  @Override
  public float[] floats(String name) throws IOException {
    return file.floats(original(name));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private String original(String name) {
    return Objects.requireNonNull(originals.get(name), name);
  }
}
