package ddim.model;

import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The documented noise of a step: Philox with the seed pair (seed, timestep), tiny images. */
final class StepNoiseProbe {
  private StepNoiseProbe() {}

  static float[] draw(long seed, int timestep) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      var z =
          tf.random.statelessRandomNormal(
              tf.constant(new int[] {8, 8, 3}), tf.constant(new long[] {seed, timestep}));
      try (Result result = session.runner().fetch(z).run()) {
        float[] values = new float[8 * 8 * 3];
        ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(values);
        return values;
      }
    }
  }
}
