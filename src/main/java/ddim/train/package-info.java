/**
 * The training graph, the loop that runs it, and its checkpoints.
 *
 * <p>May use {@code data}, {@code model}, {@code sampling}, {@code nn} and {@code diffusion}. Start
 * reading at {@code Trainer}.
 */
@NullMarked
package ddim.train;

import org.jspecify.annotations.NullMarked;
