/**
 * What came out: pictures of images, and measures of their quality.
 *
 * <p>May use {@code data}, {@code model}, {@code sampling}, {@code nn} and {@code diffusion}. Start
 * reading at {@link ddim.eval.ImageGrid}.
 */
@NullMarked
package ddim.eval;

import org.jspecify.annotations.NullMarked;
