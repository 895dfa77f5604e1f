/**
 * The reverse process as nodes of a graph
 *
 * <p>one step, the loop, the noise.:May use {@code nn} and {@code diffusion}. Start reading at
 * {@code SamplingLoop}.
 */
@NullMarked
package ddim.sampling;

import org.jspecify.annotations.NullMarked;
