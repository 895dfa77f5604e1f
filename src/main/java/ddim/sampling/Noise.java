package ddim.sampling;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Standard normal noise of each row, a function of the row's seed and a key alone: never of the
 * batch, of the row's place in it, or of how a trajectory was cut into calls.
 *
 * <p>Philox 4x32-10, as TensorFlow's {@code StatelessRandomNormal} with the seed pair (seed, key).
 */
public final class Noise {
  /** The key of x_T; the keys of the steps are their timesteps. */
  private static final long LATENT_KEY = -1;

  private static final String SEED = "noise_seed";
  private static final String KEY = "noise_key";

  private Noise() {}

  /**
   * The starting noise x_T.
   *
   * @param seed [B]
   * @param image height, width and channels
   * @return [B, height, width, channels]
   */
  public static Operand<TFloat32> latents(Ops tf, Operand<TInt64> seed, Shape image) {
    int[] dimensions = new int[image.numDimensions()];
    for (int i = 0; i < dimensions.length; i++) {
      dimensions[i] = Math.toIntExact(image.get(i));
    }
    Operand<TInt32> batch =
        tf.concat(List.of(tf.shape(seed), tf.constant(dimensions)), tf.constant(0));
    // Reshaping makes the image's dimensions known in the graph.
    int[] known = new int[dimensions.length + 1];
    known[0] = -1;
    System.arraycopy(dimensions, 0, known, 1, dimensions.length);
    Operand<TFloat32> zeros = tf.reshape(tf.fill(batch, tf.constant(0f)), tf.constant(known));
    Operand<TInt64> key = tf.math.add(tf.zerosLike(seed), tf.constant(LATENT_KEY));
    Operand<TBool> every = tf.math.equal(seed, seed);
    return rows(tf, every, zeros, seed, key);
  }

  /**
   * The noise z of one step; zeros in rows whose sigma is 0.
   *
   * @param x the images, for their shape
   * @param seed [B]
   * @param timestep [B]
   * @param sigma [B, 1, 1, 1]
   * @return shape of {@code x}
   */
  static Operand<TFloat32> ofStep(
      Ops tf,
      Operand<TFloat32> x,
      Operand<TInt64> seed,
      Operand<TInt32> timestep,
      Operand<TFloat32> sigma) {
    Operand<TBool> noisy =
        tf.math.notEqual(tf.reshape(sigma, tf.constant(new int[] {-1})), tf.constant(0f));
    return rows(tf, noisy, tf.zerosLike(x), seed, tf.dtypes.cast(timestep, TInt64.class));
  }

  private static Operand<TFloat32> rows(
      Ops tf,
      Operand<TBool> mask,
      Operand<TFloat32> base,
      Operand<TInt64> seed,
      Operand<TInt64> key) {
    long[] one = base.shape().asArray();
    one[0] = 1;
    return RowLoop.replace(
        tf,
        mask,
        base,
        new TreeMap<>(Map.of(SEED, seed, KEY, key)),
        (body, row) -> {
          Operand<TInt64> pair =
              body.concat(
                  List.of(
                      LoopValues.get(row, SEED, TInt64.class),
                      LoopValues.get(row, KEY, TInt64.class)),
                  body.constant(0));
          return body.random.statelessRandomNormal(body.constant(one), pair);
        });
  }
}
