package ddim.eval;

import ddim.data.ImageSource;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.Condition;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.nn.UNetConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The best model of images whose pixels are independent and normal, in closed form and without
 * TensorFlow: its predictions are exact, so what is measured of it is the sampler.
 */
public final class GaussianModel implements SamplingModel {
  public static final int SIDE = 4;

  private static final int SIZE = SIDE * SIDE;
  private static final double DEVIATION = 0.2;

  /** How many rows went through the network. */
  public long networkCalls;

  /** After so many graph calls the next one fails. */
  public long callsUntilFailure = Long.MAX_VALUE;

  /** How many classes it has, all of the same images. */
  public int classes;

  /** What the last trajectory of a seed was to show. */
  public final Map<Long, Condition> conditions = new TreeMap<>();

  private static double mean(int pixel) {
    return pixel % 2 == 0 ? 0.3 : -0.2;
  }

  /** So many images of the distribution that it has learned. */
  public static ImageSource images(String name, int size, long seed) {
    Random random = new Random(seed);
    byte[][] all = new byte[size][];
    for (int i = 0; i < size; i++) {
      float[] image = new float[SIZE];
      for (int j = 0; j < SIZE; j++) {
        image[j] = (float) (mean(j) + DEVIATION * random.nextGaussian());
      }
      all[i] = ImageGrid.pixels(image);
    }
    return new Images(name, all);
  }

  private record Images(String name, byte[][] all) implements ImageSource {
    @Override
    public String license() {
      return "CC0-1.0";
    }

    @Override
    public int size() {
      return all.length;
    }

    @Override
    public int height() {
      return SIDE;
    }

    @Override
    public int width() {
      return SIDE;
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public void read(int index, byte[] into, int offset) {
      System.arraycopy(all[index], 0, into, offset, SIZE);
    }
  }

  @Override
  public ModelSpec spec() {
    UNetConfig unet =
        new UNetConfig(SIDE, SIDE, 1, 32, List.of(1), 1, List.of(), 0, 32, classes, 0);
    return new ModelSpec(
        unet,
        ScheduleConfig.LINEAR_1000,
        Prediction.EPS,
        "normal",
        "CC0-1.0",
        7,
        0,
        "0".repeat(64));
  }

  @Override
  public float[][] latents(long[] seeds) {
    float[][] latents = new float[seeds.length][SIZE];
    for (int i = 0; i < seeds.length; i++) {
      Random random = new Random(mix(seeds[i]));
      for (int j = 0; j < SIZE; j++) {
        latents[i][j] = (float) random.nextGaussian();
      }
    }
    return latents;
  }

  @Override
  public void advance(List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
    if (callsUntilFailure-- <= 0) {
      throw new IllegalStateException("the power failed");
    }
    for (Trajectory row : rows) {
      row.condition().requireFits(spec().unet());
      conditions.put(row.seed(), row.condition());
      double[] x = new double[SIZE];
      for (int j = 0; j < SIZE; j++) {
        x[j] = row.x()[j];
      }
      double[][] history = new double[StepTable.HISTORY][SIZE];
      StepTable table = row.table();
      for (int k = 0; k < table.length(); k++) {
        step(row.seed(), table, k, x, history);
        networkCalls++;
      }
      float[] result = new float[SIZE];
      for (int j = 0; j < SIZE; j++) {
        result[j] = (float) x[j];
      }
      row.advanced(table.length(), result, result, row.history());
    }
  }

  /** Neighbouring seeds of {@link Random} begin alike. */
  private static long mix(long seed) {
    return new SplittableRandom(seed).nextLong();
  }

  private static void step(long seed, StepTable table, int k, double[] x, double[][] history) {
    Random random = new Random(mix(seed) + mix(table.timestep(k)));
    double level =
        NoiseSchedule.of(ScheduleConfig.LINEAR_1000)
            .alphaBar(table.timestep(k)); // where eps is asked
    double signal = table.get(k, Column.SQRT_ALPHA_BAR);
    double noise = table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR);
    double range = table.clipping().range();
    for (int j = 0; j < SIZE; j++) {
      double variance = level * DEVIATION * DEVIATION + 1 - level;
      double eps = (x[j] - Math.sqrt(level) * mean(j)) * Math.sqrt(1 - level) / variance;
      double x0 = Math.max(-range, Math.min(range, (x[j] - noise * eps) / signal));
      double next =
          table.get(k, Column.A) * x[j]
              + table.get(k, Column.B) * x0
              + table.get(k, Column.C) * eps
              + table.get(k, Column.D1) * history[0][j]
              + table.get(k, Column.D2) * history[1][j]
              + table.get(k, Column.D3) * history[2][j]
              + table.get(k, Column.SIGMA) * random.nextGaussian();
      double v = table.get(k, Column.V);
      history[2][j] = history[1][j];
      history[1][j] = history[0][j];
      history[0][j] = (1 - v) * eps + v * x0;
      x[j] = next;
    }
  }

  @Override
  public void close() {}
}
