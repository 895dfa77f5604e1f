package ddim.serve.batch;

import ddim.diffusion.StepTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One image that is asked for.
 *
 * @param seed decides the noise of the steps, and the starting noise
 * @param start the image to start from, height * width * channels numbers, never written to; null
 *     for the starting noise of the seed
 * @param tables the steps to take, one table after the other; none for the start itself
 * @param stops after how many steps of a table the row must be looked at, ascending: no graph call
 *     goes beyond one of them
 */
public record Row(
    long seed, float @Nullable [] start, List<StepTable> tables, List<Integer> stops) {
  public Row {
    tables = List.copyOf(tables);
    stops = List.copyOf(stops);
  }

  /** A row with one table and no stops. */
  public Row(long seed, float @Nullable [] start, StepTable table) {
    this(seed, start, List.of(table), List.of());
  }

  /**
   * A row that the model refuses would take its whole batch with it, so it is refused before.
   *
   * @throws IllegalArgumentException if the start is not of {@code size} numbers
   */
  void requireSize(int size) {
    if (start != null && start.length != size) {
      throw new IllegalArgumentException(
          "an image of this model has " + size + " numbers, not " + start.length);
    }
  }
}
