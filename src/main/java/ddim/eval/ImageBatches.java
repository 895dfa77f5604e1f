package ddim.eval;

import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Runs a model in batches of one size, a whole trajectory a graph call.
 *
 * @param model the model
 * @param batchSize rows of a graph call, at least 1
 * @param conditions what images show, in turn: image i that of i mod their number; at least one
 */
public record ImageBatches(SamplingModel model, int batchSize, List<Condition> conditions) {
  /** Hears of finished graph calls. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param networkCalls how many more rows have gone through the network
     */
    void ran(long networkCalls);
  }

  public ImageBatches {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size must be 1 or more, is " + batchSize);
    }
    conditions = List.copyOf(conditions);
    if (conditions.isEmpty()) {
      throw new IllegalArgumentException("images need a condition, there is none");
    }
  }

  /** Images that may show anything. */
  public ImageBatches(SamplingModel model, int batchSize) {
    this(model, batchSize, List.of(Condition.NONE));
  }

  /**
   * Images {@code first} to {@code first + count - 1}; image i has the seed {@code seed + i}.
   *
   * @return one an image, numbers in [-1, 1]
   */
  public List<float[]> sample(
      StepTable table, long seed, long first, int count, Listener listener) {
    List<float[]> images = new ArrayList<>();
    for (int from = 0; from < count; from += batchSize) {
      int rows = Math.min(batchSize, count - from);
      long index = first + from;
      long[] seeds = LongStream.range(seed + index, seed + index + rows).toArray();
      List<Condition> shown =
          LongStream.range(index, index + rows)
              .mapToObj(i -> conditions.get((int) (i % conditions.size())))
              .toList();
      images.addAll(advance(table, Arrays.asList(model.latents(seeds)), seeds, shown));
      listener.ran((long) rows * table.length());
    }
    return images;
  }

  /**
   * Takes every image through a table from where it is, to whatever it shows; the noise of row i,
   * if any, is that of seed i.
   */
  public List<float[]> run(StepTable table, List<float[]> starts, Listener listener) {
    List<float[]> results = new ArrayList<>();
    for (int from = 0; from < starts.size(); from += batchSize) {
      int to = Math.min(starts.size(), from + batchSize);
      long[] seeds = LongStream.range(from, to).toArray();
      results.addAll(
          advance(
              table,
              starts.subList(from, to),
              seeds,
              Collections.nCopies(to - from, Condition.NONE)));
      listener.ran((long) (to - from) * table.length());
    }
    return results;
  }

  private List<float[]> advance(
      StepTable table, List<float[]> starts, long[] seeds, List<Condition> shown) {
    List<Trajectory> rows = new ArrayList<>();
    for (int i = 0; i < seeds.length; i++) {
      float[] start = starts.get(i);
      float[] history = new float[StepTable.HISTORY * start.length];
      rows.add(new Trajectory(seeds[i], start, history, table, shown.get(i)));
    }
    model.advance(rows, table.length(), batchSize, null);
    return rows.stream().map(Trajectory::x).toList();
  }

  /** Bytes as numbers in [-1, 1]. */
  public static float[] numbers(byte[] pixels) {
    float[] numbers = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      numbers[i] = (pixels[i] & 0xff) / 127.5f - 1;
    }
    return numbers;
  }
}
