package ddim.sampling;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt32;

/**
 * A loop in the graph that runs its body a number of times known only when the graph runs.
 *
 * <p>It is a {@code StatelessWhile} in the form that other runtimes expect: argument 0 is the
 * counter, argument 1 the number of iterations, both int32 scalars, then the values. It is marked
 * for lowering, so that TensorFlow schedules the body's operations without a function call an
 * iteration.
 */
final class CountedLoop {
  private static final String COUNTER = "loop_counter";
  private static final String MAXIMUM = "maximum_iterations";

  private CountedLoop() {}

  /** One iteration. */
  @FunctionalInterface
  interface Body {
    /**
     * Adds the nodes of iteration {@code k}.
     *
     * @param tf builds nodes in the body's own graph, which sees no outer tensor
     * @param k from 0
     * @param values the loop's values before this iteration, by name
     * @return those that change, of the same shapes; the others stay as they are
     */
    Map<String, Operand<?>> apply(Ops tf, Operand<TInt32> k, Map<String, Operand<?>> values);
  }

  /**
   * Adds the loop.
   *
   * @param tf builds the nodes; the name of the loop is its scope's
   * @param count how many iterations, a scalar; nothing happens if it is 0 or less
   * @param values what the body sees, in the order of the loop's arguments
   * @param body one iteration
   * @return the values after the last iteration, by name
   */
  static Map<String, Operand<?>> run(
      Ops tf, Operand<TInt32> count, Map<String, Operand<?>> values, Body body) {
    Map<String, Operand<?>> arguments = new LinkedHashMap<>();
    arguments.put(COUNTER, tf.constant(0));
    arguments.put(MAXIMUM, count);
    arguments.putAll(values);

    Operation loop = build(tf, arguments, condition(arguments), iteration(arguments, body));
    Map<String, Operand<?>> results = new LinkedHashMap<>();
    int index = 0;
    for (String name : arguments.keySet()) {
      if (values.containsKey(name)) {
        results.put(name, loop.output(index));
      }
      index++;
    }
    return results;
  }

  private static Operation build(
      Ops tf,
      Map<String, Operand<?>> arguments,
      ConcreteFunction condition,
      ConcreteFunction iteration) {
    Output<?>[] inputs =
        arguments.values().stream().map(Operand::asOutput).toArray(Output<?>[]::new);
    Shape[] shapes = arguments.values().stream().map(Operand::shape).toArray(Shape[]::new);
    OperationBuilder builder =
        tf.scope()
            .opBuilder("StatelessWhile", "while")
            .addInputList(inputs)
            .setAttr("cond", condition)
            .setAttr("body", iteration)
            .setAttr("output_shapes", shapes)
            .setAttr("_lower_using_switch_merge", true);
    return builder.build();
  }

  private static ConcreteFunction condition(Map<String, Operand<?>> arguments) {
    return ConcreteFunction.create(
        tf -> {
          Map<String, Operand<?>> inside = placeholders(tf, arguments);
          Signature.Builder signature = inputs("more", inside);
          return signature
              .output("more", tf.math.less(scalar(inside, COUNTER), scalar(inside, MAXIMUM)))
              .build();
        });
  }

  private static ConcreteFunction iteration(Map<String, Operand<?>> arguments, Body body) {
    return ConcreteFunction.create(
        tf -> {
          Map<String, Operand<?>> inside = placeholders(tf, arguments);
          Map<String, Operand<?>> after = new LinkedHashMap<>(inside);
          after.put(COUNTER, tf.math.add(scalar(inside, COUNTER), tf.constant(1)));
          after.putAll(body.apply(tf, scalar(inside, COUNTER), inside));
          Signature.Builder signature = inputs("body", inside);
          // An output must be the result of an operation, not an argument.
          after.forEach((name, value) -> signature.output(name + "_after", tf.identity(value)));
          return signature.build();
        });
  }

  private static Map<String, Operand<?>> placeholders(Ops tf, Map<String, Operand<?>> arguments) {
    Map<String, Operand<?>> placeholders = new LinkedHashMap<>();
    arguments.forEach(
        (name, value) ->
            placeholders.put(
                name,
                tf.withName(name).placeholder(value.type(), Placeholder.shape(value.shape()))));
    return placeholders;
  }

  private static Signature.Builder inputs(String key, Map<String, Operand<?>> values) {
    Signature.Builder signature = Signature.builder(key);
    values.forEach(signature::input);
    return signature;
  }

  private static Operand<TInt32> scalar(Map<String, Operand<?>> values, String name) {
    return LoopValues.get(values, name, TInt32.class);
  }
}
