package ddim.sampling;

import static ddim.sampling.LoopValues.floats;

import ddim.diffusion.Prediction;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.op.core.Unstack;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A whole trajectory as one loop in the graph, driven by a {@link StepTable} for each row.
 *
 * <p>The graph knows nothing of schedules, spacings or solvers: they are the numbers of the tables,
 * so rows of one batch may differ in all of them. A step whose timestep is negative is padding and
 * leaves its row exactly as it was.
 *
 * <p>Noise and kept predictions are parts that a graph may do without: a loop for deterministic
 * DDIM has neither, and so no operation that another runtime lacks.
 */
public final class SamplingLoop {
  /** The images, float32 [B, ...image]. */
  public static final String X = "x";

  /** The clean images predicted by the last step, shape of {@link #X}. */
  public static final String X0 = "x0";

  /** What decides the noise of each row, int64 [B]. */
  public static final String SEED = "seed";

  /** When the network is asked, int32 [B, K]; negative is padding. */
  public static final String TIMESTEP = "timestep";

  /** The numbers of the steps, float32 [B, K, {@link Column}]. */
  public static final String TABLE = "table";

  /** What is done to x0: range and quantile, float32 [B, 2]. */
  public static final String CLIP = "clip";

  /** The class of each row for a network with classes, int32 [B]; -1 for none. */
  public static final String LABELS = "labels";

  /**
   * How far each row's prediction goes from that without a label to its label's and beyond, [B].
   */
  public static final String GUIDANCE = "guidance";

  /** Kept predictions, newest first, float32 [B, {@link StepTable#HISTORY}, ...image]. */
  public static final String HISTORY = "history";

  /**
   * What a loop leaves.
   *
   * @param x the images
   * @param x0 the clean images that the last step predicted
   * @param values of the loop, by name
   */
  public record Outcome(Operand<TFloat32> x, Operand<TFloat32> x0, Map<String, Operand<?>> values) {
    /** The kept predictions, newest first; only of a loop that keeps them. */
    public Operand<TFloat32> history(Ops tf) {
      List<Operand<TFloat32>> newestFirst = new ArrayList<>();
      for (int age = 0; age < StepTable.HISTORY; age++) {
        newestFirst.add(floats(values, kept(age)));
      }
      return tf.stack(newestFirst, Stack.axis(1L));
    }
  }

  private static final List<Column> WEIGHTS = List.of(Column.D1, Column.D2, Column.D3);

  /** The network as a step asks it. */
  private interface Network {
    Operand<TFloat32> predict(
        Ops tf, Operand<TFloat32> x, Operand<TInt32> t, Map<String, Operand<?>> values);
  }

  /** What is made of the inputs once, before the first step. */
  private interface Plan {
    Map<String, Operand<?>> of(Ops tf, Map<String, Operand<?>> inputs);
  }

  private final Prediction prediction;
  private final Plan plan;
  private final Network network;
  private final @Nullable StepNoise noise;
  private final boolean keepsHistory;
  private final boolean thresholds;

  private SamplingLoop(
      Prediction prediction,
      Plan plan,
      Network network,
      @Nullable StepNoise noise,
      boolean keepsHistory,
      boolean thresholds) {
    this.prediction = prediction;
    this.plan = plan;
    this.network = network;
    this.noise = noise;
    this.keepsHistory = keepsHistory;
    this.thresholds = thresholds;
  }

  /**
   * The smallest loop: it ignores the columns d1, d2, d3, v and sigma, and the quantile of the
   * clipping.
   */
  public static SamplingLoop deterministic(Prediction prediction, Denoiser denoiser) {
    return new SamplingLoop(
        prediction,
        (tf, inputs) -> inputs,
        (tf, x, t, values) -> denoiser.apply(tf, x, t),
        null,
        false,
        false);
  }

  /**
   * The same loop for a network with classes; it needs {@link #LABELS} and {@link #GUIDANCE}. Rows
   * that need no guidance cost what they cost without.
   */
  public static SamplingLoop guided(Prediction prediction, LabelledDenoiser denoiser, int classes) {
    return new SamplingLoop(
        prediction,
        (tf, inputs) -> Guidance.plan(tf, inputs, classes),
        (tf, x, t, values) -> Guidance.predict(tf, denoiser, x, t, values),
        null,
        false,
        false);
  }

  /** The same loop with noise in the rows whose sigma is not 0; it needs a seed a row. */
  public SamplingLoop withNoise(StepNoise source) {
    return new SamplingLoop(prediction, plan, network, source, keepsHistory, thresholds);
  }

  /** The same loop with kept predictions; it needs a history. */
  public SamplingLoop withHistory() {
    return new SamplingLoop(prediction, plan, network, noise, true, thresholds);
  }

  /** The same loop with dynamic thresholding in the rows whose quantile is not 0. */
  public SamplingLoop withThresholding() {
    return new SamplingLoop(prediction, plan, network, noise, keepsHistory, true);
  }

  /**
   * Adds the loop over all K steps.
   *
   * @param tf builds the nodes
   * @param inputs {@link #X}, {@link #TIMESTEP}, {@link #TABLE}, {@link #CLIP}, and what the parts
   *     of this loop need
   * @return the state after the last step
   */
  public Outcome run(Ops tf, Map<String, Operand<?>> inputs) {
    Map<String, Operand<?>> values = new LinkedHashMap<>(plan.of(tf, inputs));
    values.put(X0, inputs.get(X));
    if (keepsHistory) {
      values.remove(HISTORY);
      List<Operand<TFloat32>> kept = unstack(tf, floats(inputs, HISTORY));
      for (int age = 0; age < StepTable.HISTORY; age++) {
        values.put(kept(age), kept.get(age));
      }
    }
    Operand<TInt32> steps =
        tf.gather(
            tf.shape(LoopValues.get(inputs, TIMESTEP, TInt32.class)),
            tf.constant(1),
            tf.constant(0));
    Map<String, Operand<?>> after = CountedLoop.run(tf, steps, values, this::step);

    return new Outcome(floats(after, X), floats(after, X0), after);
  }

  /** One step of {@link StepTable}'s recurrence. */
  private Map<String, Operand<?>> step(Ops tf, Operand<TInt32> k, Map<String, Operand<?>> values) {
    Operand<TFloat32> x = floats(values, X);
    int imageRank = x.shape().numDimensions() - 1;
    StepColumns columns = StepColumns.at(tf, floats(values, TABLE), k, imageRank);
    Operand<TInt32> timestep =
        tf.gather(LoopValues.get(values, TIMESTEP, TInt32.class), k, tf.constant(1)); // [B]

    Operand<TFloat32> predicted =
        network.predict(tf, x, tf.math.maximum(timestep, tf.constant(0)), values);
    Estimate estimate = Estimate.of(tf, prediction, x, predicted, columns);
    Operand<TFloat32> clip = floats(values, CLIP);
    Operand<TFloat32> x0 =
        thresholds
            ? ClipX0.threshold(tf, estimate.x0(), clip)
            : ClipX0.toRange(tf, estimate.x0(), clip);

    Operand<TFloat32> next = tf.math.mul(columns.get(Column.A), x);
    next = tf.math.add(next, tf.math.mul(columns.get(Column.B), x0));
    next = tf.math.add(next, tf.math.mul(columns.get(Column.C), estimate.eps()));
    Map<String, Operand<TFloat32>> changed = new LinkedHashMap<>();
    if (keepsHistory) {
      next = tf.math.add(next, weightedHistory(tf, columns, values));
      changed.putAll(shiftedHistory(tf, columns, values, estimate.eps(), x0));
    }
    if (noise != null) {
      Operand<TFloat32> sigma = columns.get(Column.SIGMA);
      Operand<TFloat32> z = noise.draw(tf, k, timestep, sigma, values);
      next = tf.math.add(next, tf.math.mul(sigma, z));
    }
    changed.put(X, next);
    changed.put(X0, x0);
    return unlessPadding(tf, timestep, imageRank, values, changed);
  }

  private static Operand<TFloat32> weightedHistory(
      Ops tf, StepColumns columns, Map<String, Operand<?>> values) {
    Operand<TFloat32> sum = tf.math.mul(columns.get(WEIGHTS.get(0)), floats(values, kept(0)));
    for (int i = 1; i < StepTable.HISTORY; i++) {
      sum = tf.math.add(sum, tf.math.mul(columns.get(WEIGHTS.get(i)), floats(values, kept(i))));
    }
    return sum;
  }

  private static Map<String, Operand<TFloat32>> shiftedHistory(
      Ops tf,
      StepColumns columns,
      Map<String, Operand<?>> values,
      Operand<TFloat32> eps,
      Operand<TFloat32> x0) {
    Operand<TFloat32> v = columns.get(Column.V);
    Operand<TFloat32> newest =
        tf.math.add(tf.math.mul(tf.math.sub(tf.constant(1f), v), eps), tf.math.mul(v, x0));
    Map<String, Operand<TFloat32>> shifted = new LinkedHashMap<>();
    shifted.put(kept(0), newest);
    for (int i = 1; i < StepTable.HISTORY; i++) {
      shifted.put(kept(i), floats(values, kept(i - 1)));
    }
    return shifted;
  }

  private static Map<String, Operand<?>> unlessPadding(
      Ops tf,
      Operand<TInt32> timestep,
      int imageRank,
      Map<String, Operand<?>> before,
      Map<String, Operand<TFloat32>> after) {
    int[] perRow = new int[1 + imageRank];
    Arrays.fill(perRow, 1);
    perRow[0] = -1;
    Operand<TBool> active =
        tf.reshape(tf.math.greaterEqual(timestep, tf.constant(0)), tf.constant(perRow));
    Map<String, Operand<?>> chosen = new LinkedHashMap<>();
    after.forEach(
        (name, value) -> chosen.put(name, tf.select(active, value, floats(before, name))));
    return chosen;
  }

  private static List<Operand<TFloat32>> unstack(Ops tf, Operand<TFloat32> history) {
    return List.copyOf(tf.unstack(history, (long) StepTable.HISTORY, Unstack.axis(1L)).output());
  }

  private static String kept(int age) {
    return HISTORY + "_" + (age + 1);
  }
}
