package ddim.sampling;

import ddim.diffusion.StepTable.Column;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Unstack;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The numbers of one step for every row, each shaped to be multiplied with images. */
final class StepColumns {
  private final Map<Column, Operand<TFloat32>> columns = new EnumMap<>(Column.class);

  private StepColumns() {}

  /**
   * Reads step {@code k} of a table.
   *
   * @param table [B, K, columns]
   * @param imageRank how many dimensions an image has
   */
  static StepColumns at(Ops tf, Operand<TFloat32> table, Operand<TInt32> k, int imageRank) {
    int[] shape = new int[2 + imageRank];
    Arrays.fill(shape, 1);
    shape[0] = -1;
    shape[1] = Column.values().length;
    Operand<TFloat32> step =
        tf.reshape(tf.gather(table, k, tf.constant(1)), tf.constant(shape)); // [B, N, 1, 1, 1]
    List<? extends Operand<TFloat32>> parts =
        tf.unstack(step, (long) shape[1], Unstack.axis(1L)).output();
    StepColumns result = new StepColumns();
    int index = 0;
    for (Column column : Column.values()) {
      result.columns.put(column, parts.get(index++));
    }
    return result;
  }

  /** One column, [B, 1, 1, 1]. */
  Operand<TFloat32> get(Column column) {
    Operand<TFloat32> value = columns.get(column);
    if (value == null) {
      throw new IllegalStateException("no column " + column);
    }
    return value;
  }
}
