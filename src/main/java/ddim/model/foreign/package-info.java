/**
 * Weights of other programs: their names, layouts and configurations, in and out.
 *
 * <p>May use what {@code model} may. Start reading at {@link ddim.model.foreign.DiffusersFolder}.
 */
@NullMarked
package ddim.model.foreign;

import org.jspecify.annotations.NullMarked;
