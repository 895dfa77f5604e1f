package ddim.sampling;

import ddim.diffusion.Prediction;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Runs step tables through the graph's loop with a closed form in place of the network. */
public final class GraphLoop {
  private static final String NOISE = "noise";

  private GraphLoop() {}

  /**
   * @param x [rows][elements]
   * @param table the same for all rows
   * @param noise [steps][rows][elements]
   * @return the rows after the last step
   */
  public static double[][] run(
      Denoiser denoiser, double[][] x, StepTable table, Prediction prediction, double[][][] noise) {
    int rows = x.length;
    int elements = x[0].length;
    int steps = table.length();
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Map<String, Operand<?>> inputs = new LinkedHashMap<>();
      inputs.put(SamplingLoop.X, constant(tf, flat(x), rows, elements));
      inputs.put(SamplingLoop.TIMESTEP, tf.constant(timesteps(table, rows)));
      inputs.put(
          SamplingLoop.TABLE,
          constant(tf, numbers(table, rows), rows, steps, Column.values().length));
      inputs.put(SamplingLoop.CLIP, constant(tf, clip(table, rows), rows, 2));
      inputs.put(
          SamplingLoop.HISTORY,
          constant(
              tf,
              new float[rows * StepTable.HISTORY * elements],
              rows,
              StepTable.HISTORY,
              elements));
      float[] z = new float[steps * rows * elements];
      for (int k = 0; k < steps; k++) {
        System.arraycopy(flat(noise[k]), 0, z, k * rows * elements, rows * elements);
      }
      inputs.put(NOISE, constant(tf, z, steps, rows, elements));
      SamplingLoop.Outcome outcome =
          SamplingLoop.deterministic(prediction, denoiser)
              .withNoise(
                  (ops, k, timestep, sigma, values) ->
                      ops.gather(LoopValues.floats(values, NOISE), k, ops.constant(0)))
              .withHistory()
              .withThresholding()
              .run(tf, inputs);
      float[] end = new float[rows * elements];
      try (Result result = session.runner().fetch(outcome.x()).run()) {
        ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(end);
      }
      double[][] split = new double[rows][elements];
      for (int i = 0; i < end.length; i++) {
        split[i / elements][i % elements] = end[i];
      }
      return split;
    }
  }

  private static Operand<TFloat32> constant(Ops tf, float[] values, long... shape) {
    return tf.constant(Shape.of(shape), DataBuffers.of(values));
  }

  private static float[] flat(double[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return flat;
  }

  private static int[][] timesteps(StepTable table, int rows) {
    int[][] timesteps = new int[rows][table.length()];
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < table.length(); k++) {
        timesteps[i][k] = table.timestep(k);
      }
    }
    return timesteps;
  }

  private static float[] numbers(StepTable table, int rows) {
    int width = Column.values().length;
    float[] numbers = new float[rows * table.length() * width];
    for (int i = 0; i < rows * table.length(); i++) {
      for (Column column : Column.values()) {
        numbers[i * width + column.index()] = (float) table.get(i % table.length(), column);
      }
    }
    return numbers;
  }

  private static float[] clip(StepTable table, int rows) {
    float[] clip = new float[2 * rows];
    for (int i = 0; i < rows; i++) {
      clip[2 * i] = (float) table.clipping().range();
      clip[2 * i + 1] = (float) table.clipping().quantile();
    }
    return clip;
  }
}
