/**
 * The Open Inference Protocol with Triton's extensions, for its own clients, with Triton's wording
 * of errors.
 *
 * <p>Start reading at {@link ddim.serve.inference.InferenceService}.
 */
@NullMarked
package ddim.serve.inference;

import org.jspecify.annotations.NullMarked;
