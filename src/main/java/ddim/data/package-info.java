/**
 * Training images as bytes, and batches of them.
 *
 * <p>Depends on the JDK alone. Start reading at {@link ddim.data.ImageSource}.
 */
@NullMarked
package ddim.data;

import org.jspecify.annotations.NullMarked;
