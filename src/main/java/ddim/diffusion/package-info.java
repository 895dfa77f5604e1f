/**
 * The maths of DDIM in float64: noise schedules, timesteps and step tables.
 *
 * <p>Depends on the JDK alone. Start reading at {@link ddim.diffusion.StepTable}.
 */
@NullMarked
package ddim.diffusion;

import org.jspecify.annotations.NullMarked;
