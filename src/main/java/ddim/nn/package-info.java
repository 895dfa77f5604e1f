/**
 * The layers and the U-Net as static functions that add nodes to a graph.
 *
 * <p>Depends on TensorFlow. Start reading at {@link ddim.nn.UNet}.
 */
@NullMarked
package ddim.nn;

import org.jspecify.annotations.NullMarked;
