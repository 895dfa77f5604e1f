package ddim.sampling;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The network as the loop calls it. */
@FunctionalInterface
public interface Denoiser {
  /**
   * @param tf builds nodes in the loop body's own graph, which sees no outer tensor
   * @param x noisy images, [B, ...]
   * @param t timesteps, [B], from 0
   * @return the prediction, shape of {@code x}
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x, Operand<TInt32> t);
}
