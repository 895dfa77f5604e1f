package ddim.serve.batch;

import ddim.diffusion.StepTable;
import org.jspecify.annotations.Nullable;

/**
 * One image that is asked for.
 *
 * @param seed decides the noise of the steps, and the starting noise
 * @param start the image to start from, height * width * channels numbers, never written to; null
 *     for the starting noise of the seed
 * @param table the steps to take
 */
public record Row(long seed, float @Nullable [] start, StepTable table) {}
