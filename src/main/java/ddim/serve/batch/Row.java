package ddim.serve.batch;

import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.nn.UNetConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One image that is asked for.
 *
 * @param seed decides the noise of the steps, and the starting noise
 * @param start the image to start from, height * width * channels numbers, never written to; null
 *     for the starting noise of the seed
 * @param tables the steps to take, one table after the other; none for the start itself
 * @param history what the first table's steps before the start have kept, as {@link
 *     ddim.model.Trajectory#history()}; null for none
 * @param stops after how many steps of a table the row must be looked at, ascending: no graph call
 *     goes beyond one of them
 * @param condition what the image should show
 */
public record Row(
    long seed,
    float @Nullable [] start,
    float @Nullable [] history,
    List<StepTable> tables,
    List<Integer> stops,
    Condition condition) {
  public Row {
    tables = List.copyOf(tables);
    stops = List.copyOf(stops);
  }

  /** A row without a condition. */
  public Row(
      long seed,
      float @Nullable [] start,
      float @Nullable [] history,
      List<StepTable> tables,
      List<Integer> stops) {
    this(seed, start, history, tables, stops, Condition.NONE);
  }

  /** A row without a history. */
  public Row(long seed, float @Nullable [] start, List<StepTable> tables, List<Integer> stops) {
    this(seed, start, null, tables, stops);
  }

  /** A row with one table and no stops. */
  public Row(long seed, float @Nullable [] start, StepTable table) {
    this(seed, start, List.of(table), List.of());
  }

  /** How many steps the row takes. */
  public int steps() {
    return tables.stream().mapToInt(StepTable::length).sum();
  }

  /** How many places of a batch it takes, see {@link Condition#places()}. */
  public int places() {
    return condition.places();
  }

  /** How many rows of the network's batches all its steps are. */
  public long work() {
    return (long) steps() * places();
  }

  /**
   * A row that the model refuses would take its whole batch with it, so it is refused before.
   *
   * @throws IllegalArgumentException if the start is not an image of the network's size, the
   *     history not of so many, or the label none of its classes
   */
  void requireFits(UNetConfig unet) {
    condition.requireFits(unet);
    int size = unet.imageSize();
    if (start != null && start.length != size) {
      throw new IllegalArgumentException(
          "an image of this model has " + size + " numbers, not " + start.length);
    }
    if (history != null && history.length != StepTable.HISTORY * size) {
      throw new IllegalArgumentException(
          "a history of this model has %d numbers, not %d"
              .formatted(StepTable.HISTORY * size, history.length));
    }
  }
}
