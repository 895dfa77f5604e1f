package ddim.sampling;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.StepTable.Column;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TIntegral;

/**
 * The step tables of DDIM made in the graph, from a number of steps and an eta a row, for clients
 * that know nothing of tables.
 *
 * <p>The timesteps are those of quadratic spacing, in the same integer arithmetic as {@link
 * ddim.diffusion.Timesteps}: with S steps, {@code tau_i = max(i, floor((2 i^2 (T-1) + D) / (2
 * D)))}, {@code D = (S-1)^2}, walked from {@code i = S-1} down. Square roots of alphaBar are
 * constants, taken in float64. The arithmetic is in int32 where T is small enough for it, as some
 * runtimes cannot divide int64.
 *
 * @param timestep [B, K], K the largest number of steps, -1 where a row has fewer
 * @param table [B, K, {@link Column}]
 */
public record DefaultTable(Operand<TInt32> timestep, Operand<TFloat32> table) {

  /**
   * @param schedule of the model
   * @param steps [B]; held within 1 and the schedule's T
   * @param eta [B], or null for 0 everywhere, which needs no float64 in the graph
   */
  public static DefaultTable of(
      Ops tf, NoiseSchedule schedule, Operand<TInt32> steps, @Nullable Operand<TFloat32> eta) {
    int trainSteps = schedule.trainSteps();
    Operand<TInt32> held =
        tf.math.minimum(tf.math.maximum(steps, tf.constant(1)), tf.constant(trainSteps));
    return largestProduct(trainSteps) <= Integer.MAX_VALUE
        ? of(tf, schedule, held, eta, TInt32.class)
        : of(tf, schedule, held, eta, TInt64.class);
  }

  /** What {@link #tau} computes before it divides, at most. */
  private static long largestProduct(long trainSteps) {
    return 2 * trainSteps * trainSteps * (trainSteps - 1) + trainSteps * trainSteps;
  }

  private static <N extends TIntegral> DefaultTable of(
      Ops tf,
      NoiseSchedule schedule,
      Operand<TInt32> held,
      @Nullable Operand<TFloat32> eta,
      Class<N> type) {
    int trainSteps = schedule.trainSteps();
    Operand<N> one = tf.dtypes.cast(tf.constant(1), type);
    Operand<N> total =
        tf.reshape(tf.dtypes.cast(held, type), tf.constant(new int[] {-1, 1})); // [B, 1]
    Operand<TInt32> longest = tf.max(held, tf.constant(new int[] {0}));
    Operand<N> step =
        tf.reshape(
            tf.dtypes.cast(tf.range(tf.constant(0), longest, tf.constant(1)), type),
            tf.constant(new int[] {1, -1})); // [1, K]
    Operand<N> index = tf.math.sub(tf.math.sub(total, one), step); // [B, K]
    Operand<N> level = tau(tf, index, total, trainSteps, type);
    Operand<N> next = tau(tf, tf.math.sub(index, one), total, trainSteps, type);
    Operand<TBool> real = tf.math.greaterEqual(index, tf.zerosLike(one));

    Map<Column, Operand<TFloat32>> columns = new EnumMap<>(Column.class);
    columns.put(Column.SQRT_ALPHA_BAR, NoiseLevel.signal(tf, schedule, level));
    // Networks that predict x0 divide by it, and a runtime may multiply padding by 0 instead of
    // choosing, so it must not become NaN.
    Operand<TFloat32> noise = NoiseLevel.noise(tf, schedule, level);
    columns.put(Column.SQRT_ONE_MINUS_ALPHA_BAR, tf.select(real, noise, tf.onesLike(noise)));
    columns.put(Column.B, NoiseLevel.signal(tf, schedule, next));
    if (eta == null) {
      columns.put(Column.C, NoiseLevel.noise(tf, schedule, next));
    } else {
      columns.putAll(stochastic(tf, schedule, level, next, eta));
    }
    Operand<N> asked = tf.select(real, level, tf.math.neg(one));
    return new DefaultTable(
        tf.dtypes.cast(asked, TInt32.class),
        stack(tf, columns, NoiseLevel.signal(tf, schedule, level)));
  }

  /** The timestep of place {@code index}; -1 at index -1 and below, which is the clean image. */
  private static <N extends TIntegral> Operand<N> tau(
      Ops tf, Operand<N> index, Operand<N> total, int trainSteps, Class<N> type) {
    Operand<N> one = tf.dtypes.cast(tf.constant(1), type);
    Operand<N> two = tf.dtypes.cast(tf.constant(2), type);
    Operand<N> last = tf.dtypes.cast(tf.constant(trainSteps - 1), type);
    Operand<N> gaps = tf.math.maximum(tf.math.sub(total, one), one);
    Operand<N> d = tf.math.mul(gaps, gaps);
    Operand<N> square = tf.math.mul(index, index);
    Operand<N> twice = tf.math.mul(two, tf.math.mul(square, last));
    Operand<N> rounded = tf.math.floorDiv(tf.math.add(twice, d), tf.math.mul(two, d));
    Operand<N> spaced = tf.math.maximum(index, rounded);
    Operand<N> inside = tf.select(tf.math.equal(total, one), last, spaced);
    return tf.select(tf.math.greaterEqual(index, tf.zerosLike(one)), inside, tf.math.neg(one));
  }

  /** c and sigma of eq. 12 and 16, in float64. */
  private static <N extends TIntegral> Map<Column, Operand<TFloat32>> stochastic(
      Ops tf, NoiseSchedule schedule, Operand<N> level, Operand<N> next, Operand<TFloat32> eta) {
    double[] table = new double[schedule.trainSteps() + 1];
    Arrays.setAll(table, i -> schedule.alphaBar(i - 1));
    Operand<TFloat64> one = tf.constant(1.0);
    Operand<TFloat64> alphaBar = tf.gather(tf.constant(table), after(tf, level), tf.constant(0));
    Operand<TFloat64> alphaBarNext = tf.gather(tf.constant(table), after(tf, next), tf.constant(0));
    Operand<TFloat64> noiseNext = tf.math.sub(one, alphaBarNext);
    // Padding has alphaBar 1, where the ratio is 0 / 0; any number will do there.
    Operand<TFloat64> ratio = tf.math.divNoNan(noiseNext, tf.math.sub(one, alphaBar));
    Operand<TFloat64> fresh = tf.math.sub(one, tf.math.div(alphaBar, alphaBarNext));
    Operand<TFloat64> etas =
        tf.reshape(tf.dtypes.cast(eta, TFloat64.class), tf.constant(new int[] {-1, 1}));
    Operand<TFloat64> sigma =
        tf.math.mul(
            etas, tf.math.sqrt(tf.math.mul(ratio, tf.math.maximum(fresh, tf.constant(0.0)))));
    Operand<TFloat64> direction =
        tf.math.sqrt(
            tf.math.maximum(tf.math.sub(noiseNext, tf.math.mul(sigma, sigma)), tf.constant(0.0)));
    return Map.of(
        Column.C, tf.dtypes.cast(direction, TFloat32.class),
        Column.SIGMA, tf.dtypes.cast(sigma, TFloat32.class));
  }

  private static <N extends TIntegral> Operand<N> after(Ops tf, Operand<N> level) {
    return tf.math.add(level, tf.onesLike(level));
  }

  private static Operand<TFloat32> stack(
      Ops tf, Map<Column, Operand<TFloat32>> columns, Operand<TFloat32> like) {
    Operand<TFloat32> zeros = tf.zerosLike(like);
    List<Operand<TFloat32>> all =
        Arrays.stream(Column.values()).map(c -> columns.getOrDefault(c, zeros)).toList();
    return tf.stack(all, Stack.axis(2L));
  }
}
