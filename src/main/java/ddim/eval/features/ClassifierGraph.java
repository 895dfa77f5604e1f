package ddim.eval.features;

import ddim.nn.ImageClassifier;
import ddim.nn.ParamSpec;
import ddim.nn.Params;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** The training of an {@link ImageClassifier} as a graph: cross entropy, its gradients, Adam. */
final class ClassifierGraph {
  private static final float BETA_1 = 0.9f;
  private static final float BETA_2 = 0.999f;
  private static final float EPSILON = 1e-8f;

  private final Shape image;
  private final Placeholder<TUint8> images;
  private final Placeholder<TInt32> labels;
  private final Placeholder<TFloat32> learningRate;
  private final Placeholder<TFloat32> beta1Power;
  private final Placeholder<TFloat32> beta2Power;
  private final Operand<TFloat32> loss;
  private final Operand<TInt64> predicted;
  private final List<Op> update = new ArrayList<>();
  private final List<Op> start = new ArrayList<>();
  private final Map<ParamSpec, Variable<TFloat32>> weights = new LinkedHashMap<>();

  /**
   * @param image height, width and channels
   * @param seed decides the initial weights
   */
  ClassifierGraph(Graph graph, Shape image, int classes, long seed) {
    this.image = image;
    Ops tf = Ops.create(graph);
    images = tf.placeholder(TUint8.class, Placeholder.shape(batch(-1)));
    labels = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
    learningRate = scalar(tf);
    beta1Power = scalar(tf);
    beta2Power = scalar(tf);
    Params params =
        (name, init, dimensions) -> {
          ParamSpec spec = new ParamSpec(name, Shape.of(dimensions), init);
          Variable<TFloat32> variable =
              variable(tf, spec.shape(), init.values(name, spec.shape(), seed));
          weights.put(spec, variable);
          return variable;
        };
    Operand<TFloat32> logits =
        ImageClassifier.apply(tf, params, scaled(tf, images), classes).logits();
    Operand<TFloat32> wanted =
        tf.oneHot(labels, tf.constant(classes), tf.constant(1f), tf.constant(0f));
    Operand<TFloat32> likelihood =
        tf.reduceSum(tf.math.mul(wanted, tf.nn.logSoftmax(logits)), tf.constant(1)); // [B]
    loss = tf.math.neg(tf.math.mean(likelihood, tf.constant(0)));
    predicted = tf.math.argMax(logits, tf.constant(1));
    adam(tf, graph);
  }

  /** Pixels as the network wants them. */
  static Operand<TFloat32> scaled(Ops tf, Operand<TUint8> pixels) {
    return tf.math.sub(
        tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(127.5f)), tf.constant(1f));
  }

  private void adam(Ops tf, Graph graph) {
    Output<?>[] xs = weights.values().stream().map(Operand::asOutput).toArray(Output<?>[]::new);
    Output<?>[] dxs = graph.addGradients("gradients", new Output<?>[] {loss.asOutput()}, xs, null);
    List<Op> gradients = new ArrayList<>();
    for (Output<?> dx : dxs) {
      gradients.add(dx);
    }
    Ops after = tf.withControlDependencies(gradients); // no weight changes before all were read
    int next = 0;
    for (Map.Entry<ParamSpec, Variable<TFloat32>> weight : weights.entrySet()) {
      Shape shape = weight.getKey().shape();
      float[] zeros = new float[Math.toIntExact(shape.size())];
      update.add(
          after.train.applyAdam(
              weight.getValue(),
              variable(tf, shape, zeros),
              variable(tf, shape, zeros),
              beta1Power,
              beta2Power,
              learningRate,
              tf.constant(BETA_1),
              tf.constant(BETA_2),
              tf.constant(EPSILON),
              dxs[next++].expect(TFloat32.class)));
    }
  }

  private Variable<TFloat32> variable(Ops tf, Shape shape, float[] values) {
    Variable<TFloat32> variable = tf.variable(shape, TFloat32.class);
    start.add(tf.assign(variable, tf.constant(shape, DataBuffers.of(values))));
    return variable;
  }

  private static Placeholder<TFloat32> scalar(Ops tf) {
    return tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
  }

  private Shape batch(long size) {
    return Shape.of(size, image.get(0), image.get(1), image.get(2));
  }

  /** Sets the initial weights. */
  void initialize(Session session) {
    Session.Runner runner = session.runner();
    start.forEach(runner::addTarget);
    runner.run().close();
  }

  /**
   * One step of Adam.
   *
   * @param step from 0
   * @return the mean cross entropy of the batch, in nats
   */
  float step(Session session, byte[] pixels, int[] classes, long step, double rate) {
    try (TUint8 x = TUint8.tensorOf(batch(classes.length), DataBuffers.of(pixels));
        TInt32 y = TInt32.vectorOf(classes);
        TFloat32 lr = TFloat32.scalarOf((float) rate);
        TFloat32 power1 = TFloat32.scalarOf((float) Math.pow(BETA_1, step + 1.0));
        TFloat32 power2 = TFloat32.scalarOf((float) Math.pow(BETA_2, step + 1.0))) {
      Session.Runner runner =
          session
              .runner()
              .feed(images, x)
              .feed(labels, y)
              .feed(learningRate, lr)
              .feed(beta1Power, power1)
              .feed(beta2Power, power2)
              .fetch(loss);
      update.forEach(runner::addTarget);
      try (Result result = runner.run()) {
        return ((TFloat32) result.get(0)).getFloat();
      }
    }
  }

  /** The most likely class of each image. */
  int[] classify(Session session, byte[] pixels, int count) {
    try (TUint8 x = TUint8.tensorOf(batch(count), DataBuffers.of(pixels));
        Result result = session.runner().feed(images, x).fetch(predicted).run()) {
      TInt64 classes = (TInt64) result.get(0);
      int[] found = new int[count];
      for (int i = 0; i < count; i++) {
        found[i] = Math.toIntExact(classes.getLong(i));
      }
      return found;
    }
  }

  /** The weights as they are, by name. */
  Map<String, float[]> weights(Session session) {
    Session.Runner runner = session.runner();
    weights.values().forEach(runner::fetch);
    Map<String, float[]> values = new LinkedHashMap<>();
    try (Result result = runner.run()) {
      int next = 0;
      for (ParamSpec spec : weights.keySet()) {
        float[] numbers = new float[Math.toIntExact(spec.size())];
        result.get(next++).asRawTensor().data().asFloats().read(numbers);
        values.put(spec.name(), numbers);
      }
    }
    return values;
  }
}
