package ddim.train;

import ddim.nn.Dropout;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * What is random in a training step, drawn in the graph: each draw is a function of the run's seed,
 * the step and the draw's place in the graph.
 */
final class StepRandom {
  /** The first place of the draws for dropout; others are before it. */
  private static final int DROPOUT = 1000;

  private final Ops tf;
  private final long seed;
  private final Operand<TInt64> step;
  private long draws;

  StepRandom(Ops tf, long seed, Operand<TInt64> step) {
    this.tf = tf;
    this.seed = seed;
    this.step = step;
  }

  /** Uniform on 0 .. trainSteps - 1, [count]. */
  Operand<TInt32> timesteps(int count, int trainSteps) {
    return tf.random.statelessRandomUniformInt(
        tf.constant(new int[] {count}), next(), tf.constant(0), tf.constant(trainSteps));
  }

  /** Standard normal. */
  Operand<TFloat32> normal(Shape shape) {
    return tf.random.statelessRandomNormal(tf.constant(shape.asArray()), next());
  }

  /** Uniform on [0, 1), [count]. */
  Operand<TFloat32> uniform(int count) {
    return tf.random.statelessRandomUniform(tf.constant(new int[] {count}), next());
  }

  /**
   * Dropout with a mask of its own at each place, for some rows of the batch: their masks are those
   * of the whole batch, however many share it.
   */
  static Dropout dropout(Ops tf, TrainConfig config, Operand<TInt64> step, int firstRow) {
    StepRandom random = new StepRandom(tf, config.seed(), step);
    random.draws = DROPOUT;
    float rate = (float) config.unet().dropout();
    return (scope, x) -> {
      Operand<TFloat32> uniform = random.uniform(scope, config.batchSize(), firstRow, x.shape());
      Operand<TFloat32> keep =
          scope.dtypes.cast(scope.math.greaterEqual(uniform, scope.constant(rate)), TFloat32.class);
      return scope.math.mul(x, scope.math.mul(keep, scope.constant(1 / (1 - rate))));
    };
  }

  /** Uniform on [0, 1) for the whole batch, of which the rows of {@code part} are taken. */
  private Operand<TFloat32> uniform(Ops scope, int batch, int firstRow, Shape part) {
    long[] whole = part.asArray().clone();
    int[] begin = new int[whole.length];
    int[] size = new int[whole.length];
    for (int i = 0; i < whole.length; i++) {
      size[i] = (int) whole[i];
    }
    begin[0] = firstRow;
    whole[0] = batch;
    return scope.slice(
        scope.random.statelessRandomUniform(scope.constant(whole), next()),
        scope.constant(begin),
        scope.constant(size));
  }

  /** The seed pair of the next draw. */
  private Operand<TInt64> next() {
    long place = seed * 0x9e3779b97f4a7c15L + draws++;
    return tf.stack(List.of(tf.constant(place), step));
  }
}
