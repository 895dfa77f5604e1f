package ddim.model;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A diffusion model that can be asked for images: what servers and commands see of TensorFlow.
 *
 * <p>Thread-safe. Images are float32 arrays of {@code height * width * channels} numbers, row by
 * row, channels last, with pixels in [-1, 1].
 */
public interface SamplingModel extends AutoCloseable {
  /** What the model is. */
  ModelSpec spec();

  /**
   * The starting noise x_T of each seed, standard normal; a function of the seed alone.
   *
   * @param seeds any numbers, at least one
   * @return [seeds.length][height * width * channels]
   */
  float[][] latents(long[] seeds);

  /**
   * Takes every row {@code columns} steps further, in one graph call or in a few side by side, and
   * stores the new state in the rows. A row with fewer steps left stops at its end. On any
   * exception no row has changed.
   *
   * @param rows the trajectories to advance, none finished; no row may be in two calls at once
   * @param columns how many steps at the most, at least 1
   * @param batchSize how many rows the network computes, at least {@code rows.size()}; a guided row
   *     is two of them, see {@link Condition#places()}. What is missing is padding, so that one
   *     batch size keeps to one set of kernels; rows that need more places have no padding.
   * @param limit stop the graph after this time; null to let it run
   * @throws TrajectoryTimeoutException if the limit ended the call
   * @throws IllegalArgumentException if the rows do not fit the model or the batch
   */
  void advance(List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit);

  /** Waits for running calls, then frees the session. */
  @Override
  void close();
}
