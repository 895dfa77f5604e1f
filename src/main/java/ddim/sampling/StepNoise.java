package ddim.sampling;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Where the noise z of a step comes from. */
@FunctionalInterface
public interface StepNoise {
  /** Drawn from the row's seed and timestep. */
  StepNoise SEEDED =
      (tf, k, timestep, sigma, values) ->
          Noise.ofStep(
              tf,
              LoopValues.floats(values, SamplingLoop.X),
              LoopValues.get(values, SamplingLoop.SEED, TInt64.class),
              timestep,
              sigma);

  /**
   * @param k the step
   * @param timestep [B]
   * @param sigma [B, 1, ...]
   * @param values of the loop
   * @return standard normal, shape of x
   */
  Operand<TFloat32> draw(
      Ops tf,
      Operand<TInt32> k,
      Operand<TInt32> timestep,
      Operand<TFloat32> sigma,
      Map<String, Operand<?>> values);
}
