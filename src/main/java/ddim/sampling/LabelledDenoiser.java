package ddim.sampling;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A network that is told of labels, as the loop calls it. */
@FunctionalInterface
public interface LabelledDenoiser {
  /**
   * @param tf builds nodes in the loop body's own graph, which sees no outer tensor
   * @param x noisy images, [B, ...]
   * @param t timesteps, [B], from 0
   * @param labels of the classes, [B], -1 for none
   * @return the prediction, shape of {@code x}
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x, Operand<TInt32> t, Operand<TInt32> labels);
}
