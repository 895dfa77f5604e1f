package ddim.sampling;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Replaces some rows of a batch by something computed row by row; rows not chosen cost nothing. */
final class RowLoop {
  private static final String OUT = "out";
  private static final String CHOSEN = "chosen";

  private RowLoop() {}

  /** What becomes of one row. */
  @FunctionalInterface
  interface Row {
    /**
     * @param tf builds nodes in the row's own graph
     * @param values of this row, batch dimension 1
     * @return the new row, batch dimension 1
     */
    Operand<TFloat32> apply(Ops tf, Map<String, Operand<?>> values);
  }

  /**
   * @param mask which rows are replaced, [B]
   * @param base what the others are, [B, ...]
   * @param values what the rows see, each [B, ...]; sorted, so that equal graphs have equal bytes
   * @return shape of {@code base}
   */
  static Operand<TFloat32> replace(
      Ops tf,
      Operand<TBool> mask,
      Operand<TFloat32> base,
      SortedMap<String, Operand<?>> values,
      Row row) {
    Operand<TInt64> chosen = tf.where(mask); // [n, 1]
    Operand<TInt32> count =
        tf.squeeze(
            tf.slice(tf.shape(chosen), tf.constant(new int[] {0}), tf.constant(new int[] {1})));
    Map<String, Operand<?>> arguments = new LinkedHashMap<>();
    arguments.put(OUT, base);
    arguments.put(CHOSEN, chosen);
    arguments.putAll(values);
    Map<String, Operand<?>> results =
        CountedLoop.run(
            tf,
            count,
            arguments,
            (body, k, inside) -> Map.of(OUT, replaceOne(body, k, inside, values, row)));
    return LoopValues.floats(results, OUT);
  }

  private static Operand<TFloat32> replaceOne(
      Ops tf,
      Operand<TInt32> k,
      Map<String, Operand<?>> inside,
      Map<String, Operand<?>> names,
      Row row) {
    Operand<TInt64> chosen = LoopValues.get(inside, CHOSEN, TInt64.class);
    Operand<TInt64> index =
        tf.reshape(tf.gather(chosen, k, tf.constant(0)), tf.constant(new int[] {1}));
    Map<String, Operand<?>> values = new LinkedHashMap<>();
    for (String name : names.keySet()) {
      values.put(name, tf.gather(inside.get(name), index, tf.constant(0)));
    }
    Operand<TInt64> position = tf.reshape(index, tf.constant(new int[] {1, 1}));
    return tf.tensorScatterNdUpdate(
        LoopValues.floats(inside, OUT), position, row.apply(tf, values));
  }
}
