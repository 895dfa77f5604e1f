/**
 * How far two sets of images are apart, given their features: numbers in, numbers out, in float64.
 *
 * <p>Knows no TensorFlow and no images. Start reading at {@link
 * ddim.eval.distance.FrechetDistance}.
 */
@NullMarked
package ddim.eval.distance;

import org.jspecify.annotations.NullMarked;
