/**
 * The services of {@code ddim.v1}: messages to rows, images to messages.
 *
 * <p>The work is done in {@link ddim.serve.batch}. Start reading at {@link
 * ddim.serve.rpc.SamplingService}.
 */
@NullMarked
package ddim.serve.rpc;

import org.jspecify.annotations.NullMarked;
