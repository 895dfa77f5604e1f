package ddim.train;

import ddim.nn.Dropout;
import ddim.nn.ParamSpec;
import ddim.nn.Params;
import ddim.nn.UNet;
import ddim.nn.UNetConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * Loss and gradients of some rows of a batch, as a function of the graph: called on a device, all
 * of it runs there, the way back too. Called where the weights are, it is no slower than its body.
 */
final class Tower {
  private final TrainConfig config;
  private final int firstRow;
  private final int rows;
  private final ConcreteFunction function;

  /**
   * @param firstRow of the batch that the tower works on
   * @param rows how many
   */
  Tower(TrainConfig config, int firstRow, int rows) {
    this.config = config;
    this.firstRow = firstRow;
    this.rows = rows;
    this.function = ConcreteFunction.create(this::body);
  }

  /** What a tower makes of its rows, or the sum of what several do. */
  record Outcome(Operand<TFloat32> loss, List<Operand<TFloat32>> gradients) {
    Outcome plus(Ops tf, Outcome other) {
      List<Operand<TFloat32>> sums = new ArrayList<>();
      for (int i = 0; i < gradients.size(); i++) {
        sums.add(tf.math.add(gradients.get(i), other.gradients.get(i)));
      }
      return new Outcome(tf.math.add(loss, other.loss), sums);
    }

    /** Something to wait for: it is there when all of this is. */
    Op whole(Ops tf) {
      List<Op> all = new ArrayList<>(gradients);
      all.add(loss);
      return tf.withControlDependencies(all).noOp();
    }
  }

  /**
   * Calls it on the device of {@code tf}.
   *
   * @param xt noisy images [rows, H, W, C]
   * @param t timesteps [rows]
   * @param labels of the classes [rows], -1 for none; null for a network without classes
   * @param target what the network should predict, shape of {@code xt}
   * @param step scalar
   * @param weights in the order of {@link ParamSpec#of}
   */
  Outcome call(
      Ops tf,
      Operand<TFloat32> xt,
      Operand<TInt32> t,
      @Nullable Operand<TInt32> labels,
      Operand<TFloat32> target,
      Operand<TInt64> step,
      List<? extends Operand<TFloat32>> weights) {
    List<Output<?>> inputs = new ArrayList<>();
    inputs.add(xt.asOutput());
    inputs.add(t.asOutput());
    inputs.add(target.asOutput());
    inputs.add(step.asOutput());
    if (labels != null) {
      inputs.add(labels.asOutput());
    }
    weights.forEach(weight -> inputs.add(weight.asOutput()));
    DataType[] types = new DataType[1 + weights.size()];
    java.util.Arrays.fill(types, DataType.DT_FLOAT);
    Operation call =
        tf.scope()
            .opBuilder("PartitionedCall", "tower")
            .addInputList(inputs.toArray(Output<?>[]::new))
            .setAttr("Tout", types)
            .setAttr("f", function)
            .build();
    List<Operand<TFloat32>> gradients = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      gradients.add(call.output(1 + i));
    }
    return new Outcome(call.output(0), gradients);
  }

  private Signature body(Ops tf) {
    UNetConfig unet = config.unet();
    Shape images = Shape.of(rows, unet.height(), unet.width(), unet.imageChannels());
    Placeholder<TFloat32> xt = input(tf, "xt", TFloat32.class, images);
    Placeholder<TInt32> t = input(tf, "t", TInt32.class, Shape.of(rows));
    Placeholder<TFloat32> target = input(tf, "target", TFloat32.class, images);
    Placeholder<TInt64> step = input(tf, "step", TInt64.class, Shape.scalar());
    Signature.Builder signature =
        Signature.builder("tower")
            .input("xt", xt)
            .input("t", t)
            .input("target", target)
            .input("step", step);
    Placeholder<TInt32> labels = null;
    if (unet.classes() > 0) {
      labels = input(tf, "labels", TInt32.class, Shape.of(rows));
      signature.input("labels", labels);
    }
    Map<String, Placeholder<TFloat32>> weights = new HashMap<>();
    List<Output<?>> order = new ArrayList<>();
    for (ParamSpec spec : ParamSpec.of(unet)) {
      Placeholder<TFloat32> weight = input(tf, spec.name(), TFloat32.class, spec.shape());
      weights.put(spec.name(), weight);
      order.add(weight.asOutput());
      signature.input(spec.name(), weight);
    }
    Params params = (name, init, shape) -> weight(weights, name);
    Dropout dropout =
        unet.dropout() == 0 ? Dropout.NONE : StepRandom.dropout(tf, config, step, firstRow);
    Operand<TFloat32> predicted = UNet.apply(tf, params, unet, dropout, xt, t, labels);
    Operand<TFloat32> loss =
        tf.math.mean(
            tf.math.squaredDifference(target, predicted), tf.constant(new int[] {0, 1, 2, 3}));
    Output<?>[] gradients =
        ((Graph) tf.scope().env())
            .addGradients(
                "gradients",
                new Output<?>[] {loss.asOutput()},
                order.toArray(Output<?>[]::new),
                null);
    signature.output("loss", loss);
    for (int i = 0; i < gradients.length; i++) {
      signature.output("gradient_" + i, gradients[i]);
    }
    return signature.build();
  }

  private static Operand<TFloat32> weight(Map<String, Placeholder<TFloat32>> weights, String name) {
    Placeholder<TFloat32> weight = weights.get(name);
    if (weight == null) {
      throw new IllegalStateException("no weight " + name);
    }
    return weight;
  }

  private static <T extends TType> Placeholder<T> input(
      Ops tf, String name, Class<T> type, Shape shape) {
    return tf.withName(name).placeholder(type, Placeholder.shape(shape));
  }
}
