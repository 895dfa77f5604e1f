package ddim.model;

import java.io.IOException;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/** Arrays of float32 by name in a file. */
public interface WeightFile extends AutoCloseable {
  /** The names of the tensors, in the order of the file. */
  Set<String> names();

  /**
   * The shape of one tensor.
   *
   * @throws ModelFormatException if there is none of that name
   */
  Shape shape(String name);

  /**
   * The values of one tensor, last dimension fastest.
   *
   * @throws ModelFormatException if there is none of that name or the file is broken
   * @throws IOException if it cannot be read
   */
  float[] floats(String name) throws IOException;

  @Override
  void close() throws IOException;
}
