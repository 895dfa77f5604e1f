/**
 * TensorFlow Serving's services for its own clients, with its wording of errors.
 *
 * <p>Start reading at {@link ddim.serve.tensorflow.PredictionService}.
 */
@NullMarked
package ddim.serve.tensorflow;

import org.jspecify.annotations.NullMarked;
