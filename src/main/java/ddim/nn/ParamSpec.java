package ddim.nn;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * One weight of a network.
 *
 * @param name the full name
 * @param shape in TensorFlow's layout
 * @param init how it starts
 */
public record ParamSpec(String name, Shape shape, Initializer init) {
  /** The number of values. */
  public long size() {
    return shape.size();
  }

  /** Every weight of a U-Net, in the order of the forward pass. */
  public static List<ParamSpec> of(UNetConfig config) {
    List<ParamSpec> specs = new ArrayList<>();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Params recorder =
          (name, init, dimensions) -> {
            ParamSpec spec = new ParamSpec(name, Shape.of(dimensions), init);
            specs.add(spec);
            return tf.placeholder(TFloat32.class, Placeholder.shape(spec.shape()));
          };
      Shape images = Shape.of(1, config.height(), config.width(), config.imageChannels());
      UNet.apply(
          tf,
          recorder,
          config,
          Dropout.NONE,
          tf.placeholder(TFloat32.class, Placeholder.shape(images)),
          rows(tf),
          config.classes() == 0 ? null : rows(tf));
    }
    return List.copyOf(specs);
  }

  private static Placeholder<TInt32> rows(Ops tf) {
    return tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(1)));
  }
}
