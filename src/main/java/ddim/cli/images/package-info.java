/**
 * Where the commands get images from, and where they put them.
 *
 * <p>May use {@code serve}, {@code model} and {@code eval}. Start reading at {@link
 * ddim.cli.images.ImageMaker}.
 */
@NullMarked
package ddim.cli.images;

import org.jspecify.annotations.NullMarked;
