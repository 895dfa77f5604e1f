package ddim.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The weights of {@code unet-goldens.json}: sines of their index in PyTorch's layout. */
public final class FormulaWeights {
  private final Map<String, Integer> numbers = new HashMap<>();

  public FormulaWeights(String configuration) throws IOException {
    JsonNode rows = golden("keymap.json").get(configuration).get("rows");
    for (int n = 0; n < rows.size(); n++) {
      numbers.put(rows.get(n).get(0).asText(), n);
    }
  }

  public static JsonNode golden(String file) throws IOException {
    try (InputStream in = FormulaWeights.class.getResourceAsStream("/golden/" + file)) {
      return new ObjectMapper().readTree(in);
    }
  }

  /** Weights as constants of the graph of {@code tf}. */
  public Params constants(Ops tf) {
    return (name, init, shape) -> constant(tf, name, init, Shape.of(shape));
  }

  private Operand<TFloat32> constant(Ops tf, String name, Initializer init, Shape shape) {
    return tf.constant(shape, DataBuffers.of(values(name, init, shape)));
  }

  /** The values of one weight in TensorFlow's layout. */
  public float[] values(String name, Initializer init, Shape shape) {
    int number = numbers.get(name);
    int size = (int) shape.size();
    float[] values = new float[size];
    boolean bias = name.endsWith(".bias");
    int rank = shape.numDimensions();
    int in = rank < 2 ? 1 : (int) shape.get(rank - 2);
    int out = rank < 2 ? size : (int) shape.get(rank - 1);
    int field = size / (in * out);
    for (int i = 0; i < size; i++) {
      int o = i % out;
      int c = i / out % in;
      int k = i / out / in;
      int torch = rank < 2 ? i : (o * in + c) * field + k;
      double s = Math.sin(0.731 * torch + 1.37 * number);
      if (rank >= 2) {
        values[i] = (float) (s * Math.sqrt(2.0 / (in * field)));
      } else {
        values[i] = (float) (bias ? 0.1 * s : init == Initializer.ONES ? 1 + 0.1 * s : s);
      }
    }
    return values;
  }
}
