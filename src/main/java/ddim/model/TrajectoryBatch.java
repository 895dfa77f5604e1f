package ddim.model;

import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.nn.UNetConfig;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The inputs of one call of the {@code trajectory} signature.
 *
 * @param rows the trajectories in it
 * @param columns K
 * @param batchSize of the network: the rows, guided ones twice, and padding
 * @param unet the image's shape
 */
record TrajectoryBatch(List<Trajectory> rows, int columns, int batchSize, UNetConfig unet) {

  /** A batch of rows that fit, in as many columns as its longest row has left, at the most. */
  static TrajectoryBatch of(List<Trajectory> rows, int columns, int batchSize, ModelSpec spec) {
    int longest = rows.stream().mapToInt(Trajectory::remaining).max().orElseThrow();
    return new TrajectoryBatch(
        List.copyOf(rows), Math.min(columns, longest), batchSize, spec.unet());
  }

  /**
   * @throws IllegalArgumentException if the rows do not fit the model or the batch
   */
  static void requireFits(List<Trajectory> rows, int columns, int batchSize, ModelSpec spec) {
    if (rows.isEmpty() || batchSize < rows.size()) {
      throw new IllegalArgumentException(
          "a batch of " + batchSize + " cannot hold " + rows.size() + " rows");
    }
    if (columns < 1) {
      throw new IllegalArgumentException("columns must be 1 or more, is " + columns);
    }
    int trainSteps = spec.schedule().trainSteps();
    for (Trajectory row : rows) {
      if (row.x().length != spec.unet().imageSize()) {
        throw new IllegalArgumentException(
            "a row has "
                + row.x().length
                + " numbers, the model's images "
                + spec.unet().imageSize());
      }
      row.condition().requireFits(spec.unet());
      if (row.isFinished()) {
        throw new IllegalArgumentException("a row is finished already");
      }
      for (int k = 0; k < row.table().length(); k++) {
        if (row.table().timestep(k) >= trainSteps) {
          throw new IllegalArgumentException(
              "a row asks at timestep "
                  + row.table().timestep(k)
                  + ", the model has levels 0 to "
                  + (trainSteps - 1));
        }
      }
    }
  }

  /** How many steps this call takes a row. */
  int steps(Trajectory row) {
    return Math.min(columns, row.remaining());
  }

  /** B: the graph itself asks a second time for the guided rows. */
  private int graphRows() {
    int second = rows.stream().mapToInt(row -> row.condition().places() - 1).sum();
    return Math.max(rows.size(), batchSize - second);
  }

  /** The inputs by name; the caller closes them. */
  Map<String, Tensor> tensors() {
    int batch = graphRows();
    int size = unet.imageSize();
    int width = Column.values().length;
    float[] x = new float[batch * size];
    float[] history = new float[batch * StepTable.HISTORY * size];
    long[] seed = new long[batch];
    int[] timestep = new int[batch * columns];
    float[] table = new float[batch * columns * width];
    float[] clip = new float[batch * 2];
    Arrays.fill(timestep, -1);
    for (int k = 0; k < batch * columns; k++) {
      table[k * width] = 1; // sqrt(alphaBar) of padding: divided by, then thrown away
    }
    for (int i = 0; i < rows.size(); i++) {
      Trajectory row = rows.get(i);
      System.arraycopy(row.x(), 0, x, i * size, size);
      System.arraycopy(
          row.history(), 0, history, i * StepTable.HISTORY * size, StepTable.HISTORY * size);
      seed[i] = row.seed();
      clip[2 * i] = (float) row.table().clipping().range();
      clip[2 * i + 1] = (float) row.table().clipping().quantile();
      for (int k = 0; k < steps(row); k++) {
        int cell = i * columns + k;
        timestep[cell] = row.table().timestep(row.position() + k);
        for (Column column : Column.values()) {
          table[cell * width + column.index()] =
              (float) row.table().get(row.position() + k, column);
        }
      }
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(
        ModelSignature.X, floats(x, batch, unet.height(), unet.width(), unet.imageChannels()));
    tensors.put(ModelSignature.SEED, TInt64.tensorOf(Shape.of(batch), DataBuffers.of(seed)));
    tensors.put(
        ModelSignature.TIMESTEP,
        TInt32.tensorOf(Shape.of(batch, columns), DataBuffers.of(timestep)));
    tensors.put(ModelSignature.TABLE, floats(table, batch, columns, width));
    tensors.put(ModelSignature.CLIP, floats(clip, batch, 2));
    tensors.put(
        ModelSignature.HISTORY,
        floats(
            history, batch, StepTable.HISTORY, unet.height(), unet.width(), unet.imageChannels()));
    if (unet.classes() > 0) {
      putConditions(tensors, batch);
    }
    return tensors;
  }

  /** Padding has no label, and so is not computed twice. */
  private void putConditions(Map<String, Tensor> tensors, int batch) {
    int[] labels = new int[batch];
    float[] guidance = new float[batch];
    Arrays.fill(labels, Condition.NO_LABEL);
    for (int i = 0; i < rows.size(); i++) {
      labels[i] = rows.get(i).condition().label();
      guidance[i] = rows.get(i).condition().guidance();
    }
    tensors.put(ModelSignature.LABELS, TInt32.tensorOf(Shape.of(batch), DataBuffers.of(labels)));
    tensors.put(ModelSignature.GUIDANCE, floats(guidance, batch));
  }

  private static TFloat32 floats(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }
}
