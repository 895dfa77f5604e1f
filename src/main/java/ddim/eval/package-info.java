/**
 * What came out
 *
 * <p>grids of images and measures of their quality.:Start reading at {@code ImageGrid}.
 */
@NullMarked
package ddim.eval;

import org.jspecify.annotations.NullMarked;
