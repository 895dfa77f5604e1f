package ddim.serve.batch;

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
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A model without a network: eps is a simple function of x and t, so a test can compute every image
 * by itself. It refuses calls that break the contract of {@link SamplingModel}.
 */
public class FakeModel implements SamplingModel {
  /** What one call of {@code advance} was asked for. */
  public record Call(List<Long> seeds, int columns, int batchSize, @Nullable Duration limit) {}

  private static final Column[] KEPT = {Column.D1, Column.D2, Column.D3};

  private final ModelSpec spec;
  private final List<Call> calls = new CopyOnWriteArrayList<>();
  private final Map<Trajectory, Boolean> running = new IdentityHashMap<>();
  private volatile Consumer<Call> hook = call -> {};
  private volatile Runnable specHook = () -> {};
  private volatile boolean closed;
  private volatile boolean broken;

  /** Grey images of 2 x 3 pixels, 1000 noise levels. */
  public FakeModel() {
    this(2, 3, 1);
  }

  public FakeModel(int height, int width, int channels) {
    this(height, width, channels, 0);
  }

  /** As the first, but for the labels that it may be asked for, and does not heed. */
  public FakeModel(int classes) {
    this(2, 3, 1, classes);
  }

  private FakeModel(int height, int width, int channels, int classes) {
    UNetConfig unet =
        new UNetConfig(height, width, channels, 4, List.of(1), 1, List.of(), 0, 4)
            .withClasses(classes);
    spec =
        new ModelSpec(
            unet, ScheduleConfig.LINEAR_1000, Prediction.EPS, "none", "CC0-1.0", 7, 42, "d1935f");
  }

  /** Called whenever somebody wants to know what the model is; may throw. */
  public void onSpec(Runnable newHook) {
    specHook = newHook;
  }

  /** Called at the beginning of every call, on the thread that makes it; may wait and may throw. */
  public void onCall(Consumer<Call> newHook) {
    hook = newHook;
  }

  /** All calls so far, in order. */
  public List<Call> calls() {
    return List.copyOf(calls);
  }

  /** From now on starting noise is not a number. */
  public void breakNumbers() {
    broken = true;
  }

  /** The same, open, as if it had been loaded again. */
  public FakeModel open() {
    closed = false;
    return this;
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public ModelSpec spec() {
    specHook.run();
    return spec;
  }

  @Override
  public float[][] latents(long[] seeds) {
    requireOpen();
    float[][] latents = new float[seeds.length][];
    for (int i = 0; i < seeds.length; i++) {
      latents[i] = latent(seeds[i]);
    }
    return latents;
  }

  @Override
  public void advance(List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
    requireOpen();
    if (rows.isEmpty()
        || rows.stream().mapToInt(row -> row.condition().places()).sum() > batchSize
        || columns < 1
        || rows.stream().anyMatch(Trajectory::isFinished)) {
      throw new IllegalArgumentException("a call against the contract");
    }
    synchronized (running) {
      rows.forEach(
          row -> {
            if (running.put(row, true) != null) {
              throw new IllegalArgumentException("a row in two calls");
            }
          });
    }
    try {
      Call call = new Call(rows.stream().map(Trajectory::seed).toList(), columns, batchSize, limit);
      calls.add(call);
      hook.accept(call);
      rows.forEach(row -> advance(row, Math.min(columns, row.remaining())));
    } finally {
      synchronized (running) {
        running.keySet().removeAll(rows);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  /** The starting noise of a seed. */
  public float[] latent(long seed) {
    Random random = new Random(seed);
    float[] x = new float[spec.unet().imageSize()];
    for (int i = 0; i < x.length; i++) {
      x[i] = broken ? Float.NaN : (float) random.nextGaussian();
    }
    return x;
  }

  /** The image that a row must become, computed alone. */
  public float[] image(long seed, StepTable table) {
    return image(seed, latent(seed), table);
  }

  /** The image that a row must become from a given start, computed alone. */
  public float[] image(long seed, float[] start, StepTable table) {
    Trajectory row = new Trajectory(seed, start, table);
    advance(row, table.length());
    return row.x();
  }

  /** The image of a condition that a row must become, computed alone. */
  public float[] image(long seed, StepTable table, Condition condition) {
    float[] start = latent(seed);
    float[] history = new float[StepTable.HISTORY * start.length];
    Trajectory row = new Trajectory(seed, start, history, table, condition);
    advance(row, table.length());
    return row.x();
  }

  private static void advance(Trajectory row, int steps) {
    float[] x = row.x().clone();
    float[] x0 = row.x0().clone();
    float[] history = row.history().clone(); // [HISTORY][image], newest first
    double shown = 1e-2 * (row.condition().label() + 1) * row.condition().guidance();
    for (int k = row.position(); k < row.position() + steps; k++) {
      StepTable table = row.table();
      double range = table.clipping().range();
      Random noise = new Random(31 * row.seed() + table.timestep(k));
      for (int i = 0; i < x.length; i++) {
        double eps = 0.9 * x[i] + 1e-4 * table.timestep(k) + shown;
        double clean =
            (x[i] - table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR) * eps)
                / table.get(k, Column.SQRT_ALPHA_BAR);
        clean = Math.max(-range, Math.min(range, clean));
        double next =
            table.get(k, Column.A) * x[i]
                + table.get(k, Column.B) * clean
                + table.get(k, Column.C) * eps
                + table.get(k, Column.SIGMA) * noise.nextGaussian();
        for (int age = 0; age < StepTable.HISTORY; age++) {
          next += table.get(k, KEPT[age]) * history[age * x.length + i];
        }
        for (int age = StepTable.HISTORY - 1; age > 0; age--) {
          history[age * x.length + i] = history[(age - 1) * x.length + i];
        }
        history[i] = (float) ((1 - table.get(k, Column.V)) * eps + table.get(k, Column.V) * clean);
        x0[i] = (float) clean;
        x[i] = (float) next;
      }
    }
    row.advanced(steps, x, x0, history);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
  }
}
