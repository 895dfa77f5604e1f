package ddim.model;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Inputs with which a signature can be called to see how long it takes: noise as images, the same
 * number of steps in every row.
 *
 * @param model whose signature it is
 * @param batchSize the number of rows
 * @param steps of every trajectory
 */
record ExampleInputs(ModelSpec model, int batchSize, int steps) {

  /**
   * @throws IllegalArgumentException if a number is out of range
   */
  ExampleInputs {
    int levels = model.schedule().trainSteps();
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size must be 1 or more, is " + batchSize);
    }
    if (steps < 1 || steps > levels) {
      throw new IllegalArgumentException("steps must be from 1 to " + levels + ", is " + steps);
    }
  }

  /** The inputs of a signature by name; the caller closes them. */
  Map<String, Tensor> of(String name, SignatureDef signature) {
    if (name.equals(ModelSignature.TRAJECTORY)) {
      return TrajectoryBatch.of(trajectories(), steps, batchSize, model).tensors();
    }
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    signature.getInputsMap().forEach((input, info) -> inputs.put(input, tensor(input, info)));
    return inputs;
  }

  private List<Trajectory> trajectories() {
    StepTable table =
        Sampler.ddim(steps, 0).table(NoiseSchedule.of(model.schedule()), model.prediction());
    List<Trajectory> rows = new ArrayList<>();
    for (int row = 0; row < batchSize; row++) {
      rows.add(new Trajectory(row, noise(model.unet().imageSize(), row), table));
    }
    return rows;
  }

  /** What the input is called decides its numbers; what is not known here is 0. */
  private Tensor tensor(String name, TensorInfo info) {
    Shape shape = shape(info);
    int size = Math.toIntExact(shape.size());
    return switch (info.getDtype()) {
      case DT_FLOAT -> {
        boolean images = name.equals(ModelSignature.X) || name.equals(ModelSignature.LATENTS);
        yield TFloat32.tensorOf(shape, DataBuffers.of(images ? noise(size, 0) : new float[size]));
      }
      case DT_INT32 -> {
        int[] values = new int[size];
        Arrays.fill(
            values,
            switch (name) {
              case ModelSignature.STEPS -> steps;
              case ModelSignature.T -> model.schedule().trainSteps() / 2;
              default -> 0;
            });
        yield TInt32.tensorOf(shape, DataBuffers.of(values));
      }
      case DT_INT64 -> TInt64.tensorOf(shape, DataBuffers.of(new long[size]));
      default ->
          throw new ModelFormatException(
              "input '"
                  + name
                  + "' is of type "
                  + info.getDtype()
                  + ", which no model of ours has");
    };
  }

  private Shape shape(TensorInfo info) {
    return Shape.of(
        info.getTensorShape().getDimList().stream()
            .mapToLong(TensorShapeProto.Dim::getSize)
            .map(dimension -> dimension < 0 ? batchSize : dimension)
            .toArray());
  }

  private static float[] noise(int size, long seed) {
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
