package ddim.nn;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * Where the layers get their weights from: variables in training, constants in an exported graph.
 *
 * <p>A layer asks for each weight by its name, its shape and the way it starts; the names are those
 * of the official code (ermongroup/ddim), the shapes those of TensorFlow: convolutions [kernel,
 * kernel, in, out], dense layers [in, out].
 */
@FunctionalInterface
public interface Params {
  /**
   * The weight of that name.
   *
   * @param name within this scope, unique in a network
   * @param init how it starts before training
   * @param shape its dimensions
   */
  Operand<TFloat32> get(String name, Initializer init, long... shape);

  /** The same weights, asked for below {@code scope}: names become {@code scope.name}. */
  default Params in(String scope) {
    return (name, init, shape) -> get(scope + "." + name, init, shape);
  }
}
