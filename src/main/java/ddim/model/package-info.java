/**
 * Models as files: the SavedModel out and in, with plain arrays at its border.
 *
 * <p>May use TensorFlow, {@code sampling}, {@code nn} and {@code diffusion}. Start reading at
 * {@link ddim.model.SamplingModel}.
 */
@NullMarked
package ddim.model;

import org.jspecify.annotations.NullMarked;
