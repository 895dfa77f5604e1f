package ddim.sampling;

import ddim.diffusion.NoiseSchedule;
import java.util.function.DoubleUnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TIntegral;

/**
 * The square roots of a schedule's noise levels as constants of a graph, taken in float64 and
 * rounded last: 1 - alphaBar in float32 would lose three digits at small t.
 */
public final class NoiseLevel {
  private NoiseLevel() {}

  /** sqrt(alphaBar) at each timestep, -1 being the clean image; shape of {@code t}. */
  public static <T extends TIntegral> Operand<TFloat32> signal(
      Ops tf, NoiseSchedule schedule, Operand<T> t) {
    return lookUp(tf, schedule, t, Math::sqrt);
  }

  /** sqrt(1 - alphaBar) at each timestep, -1 being the clean image; shape of {@code t}. */
  public static <T extends TIntegral> Operand<TFloat32> noise(
      Ops tf, NoiseSchedule schedule, Operand<T> t) {
    return lookUp(tf, schedule, t, alphaBar -> Math.sqrt(1 - alphaBar));
  }

  private static <T extends TIntegral> Operand<TFloat32> lookUp(
      Ops tf, NoiseSchedule schedule, Operand<T> t, DoubleUnaryOperator root) {
    float[] table = new float[schedule.trainSteps() + 1];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) root.applyAsDouble(schedule.alphaBar(i - 1));
    }
    Operand<T> place = tf.math.add(t, tf.dtypes.cast(tf.constant(1), t.type()));
    return tf.gather(tf.constant(table), place, tf.constant(0));
  }
}
