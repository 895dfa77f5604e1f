package ddim.model.foreign;

import ddim.model.ModelFormatException;
import ddim.model.WeightFile;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/**
 * A checkpoint of the TensorFlow original of DDPM (hojonathanho/diffusion), {@code PREFIX.index}
 * and {@code PREFIX.data-…}, read by TensorFlow's own RestoreV2.
 *
 * <p>Where it has moving averages they are the weights, as in the original's sampling.
 */
public final class Tf1Checkpoint implements WeightFile {
  private static final String AVERAGE = "/ExponentialMovingAverage";
  private static final String SCOPE = "model/";

  private final Path prefix;
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final String suffix;
  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Placeholder<TString> name;
  private final org.tensorflow.Operation restore;

  private Tf1Checkpoint(Path prefix, Map<String, Shape> stored) {
    this.prefix = prefix;
    boolean averaged = stored.keySet().stream().anyMatch(key -> key.endsWith(AVERAGE));
    this.suffix = averaged ? AVERAGE : "";
    stored.forEach(
        (key, shape) -> {
          boolean slot = key.matches(".*/Adam(_1)?");
          if (key.startsWith(SCOPE) && key.endsWith(suffix) && !slot) {
            shapes.put(key.substring(0, key.length() - suffix.length()), shape);
          }
        });
    Ops tf = Ops.create(graph);
    this.name = tf.placeholder(TString.class, Placeholder.shape(Shape.of(1)));
    this.restore =
        tf.train
            .restore(
                tf.constant(prefix.toString()),
                name,
                tf.array(""),
                java.util.List.of(TFloat32.class))
            .op();
  }

  /**
   * Reads the weights of a network.
   *
   * @param prefix the path of the checkpoint without {@code .index}
   * @throws ModelFormatException naming every tensor that does not fit
   * @throws IOException if the files cannot be read
   */
  public static Map<String, float[]> read(Path prefix, UNetConfig unet) throws IOException {
    try (Tf1Checkpoint file = new Tf1Checkpoint(prefix, TensorIndex.read(prefix))) {
      return new ForeignWeights(prefix.toString(), ForeignNames::tf1, false).read(file, unet);
    }
  }

  @Override
  public Set<String> names() {
    return shapes.keySet();
  }

  @Override
  public Shape shape(String key) {
    return Objects.requireNonNull(shapes.get(key), key);
  }

  @Override
  public float[] floats(String key) {
    try (TString stored = TString.vectorOf(key + suffix);
        Result result = session.runner().feed(name, stored).fetch(restore.output(0)).run()) {
      TFloat32 tensor = (TFloat32) result.get(0);
      if (!tensor.shape().equals(shape(key))) {
        throw new ModelFormatException(
            prefix + ": " + key + " is another tensor than its index says");
      }
      float[] values = new float[Math.toIntExact(tensor.size())];
      tensor.asRawTensor().data().asFloats().read(values);
      return values;
    } catch (TensorFlowException e) {
      throw new ModelFormatException(prefix + ": " + key + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
