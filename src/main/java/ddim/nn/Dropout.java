package ddim.nn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What happens to the features before the last convolution of a residual block. */
@FunctionalInterface
public interface Dropout {
  /** Keeps everything: inference. */
  Dropout NONE = (tf, x) -> x;

  /** Drops some of {@code x} and scales the rest so that the expectation stays. */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x);
}
