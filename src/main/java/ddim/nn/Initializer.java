package ddim.nn;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.tensorflow.ndarray.Shape;

/**
 * How a weight starts: the initialisers of the original DDPM code (hojonathanho/diffusion).
 *
 * <p>Kernels are uniform with variance {@code scale / fanAverage}, that is, within {@code ±sqrt(3 *
 * scale / fanAverage)}, where {@code fanAverage = receptiveField * (in + out) / 2}.
 */
public enum Initializer {
  /** Variance scaling, scale 1. */
  KERNEL,
  /** Variance scaling, scale 1e-10: zero in effect, so that an untrained block adds nothing. */
  ZERO_KERNEL,
  /**
   * Standard normal: the vectors of classes, far enough apart to be told from the first step on.
   */
  NORMAL,
  ONES,
  ZEROS;

  /** The largest variance scale of a kernel that is zero in effect. */
  private static final double ZERO_SCALE = 1e-10;

  /**
   * The first values of a weight; a function of the arguments alone.
   *
   * @param name the weight's full name, so that equal shapes start differently
   * @param shape of the weight; its last two dimensions are in and out for kernels
   * @param seed of the whole network
   * @return the values, last dimension fastest
   */
  public float[] values(String name, Shape shape, long seed) {
    float[] values = new float[Math.toIntExact(shape.size())];
    switch (this) {
      case KERNEL -> fillUniform(values, shape, 1, new SplittableRandom(mix(seed, name)));
      case ZERO_KERNEL ->
          fillUniform(values, shape, ZERO_SCALE, new SplittableRandom(mix(seed, name)));
      case NORMAL -> fillNormal(values, new SplittableRandom(mix(seed, name)));
      case ONES -> Arrays.fill(values, 1f);
      case ZEROS -> {}
    }
    return values;
  }

  private static void fillUniform(
      float[] values, Shape shape, double scale, SplittableRandom random) {
    int rank = shape.numDimensions();
    double in = shape.get(rank - 2);
    double out = shape.get(rank - 1);
    double receptiveField = shape.size() / (in * out);
    double bound = Math.sqrt(3 * scale / (receptiveField * (in + out) / 2));
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (bound * (2 * random.nextDouble() - 1));
    }
  }

  private static void fillNormal(float[] values, SplittableRandom random) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
  }

  /** FNV-1a over the name, joined with the seed: stable across runs and machines. */
  private static long mix(long seed, String name) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    return hash ^ seed * 0x9e3779b97f4a7c15L;
  }
}
