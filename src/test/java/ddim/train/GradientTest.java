package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ddim.data.Batches;
import ddim.nn.Initializer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.types.TFloat32;

/** The gradients of the whole U-Net against finite differences of the loss. */
class GradientTest {
  private static final TrainConfig CONFIG = TrainConfig.named("tiny");
  private static final double STEP = 2e-3;

  /**
   * Along the direction of a weight's own gradient g, the loss changes by |g| per unit: tried for
   * every weight whose share is large enough for float32 to see.
   */
  @Test
  void everyWeightsGradientIsTheSlopeOfTheLoss() {
    byte[] images = new byte[CONFIG.batchSize() * CONFIG.unet().imageSize()];
    new Batches(new TinyImages(), CONFIG.batchSize(), 0).batch(0, images);
    try (Graph graph = new Graph()) {
      TrainGraph train = new TrainGraph(graph, CONFIG);
      try (Session session = new Session(graph)) {
        Map<TrainVariables.Slot, float[]> start = start(train);
        Checkpoint.set(session, start);
        List<float[]> gradients = gradients(train, session, images);

        int checked = 0;
        for (int i = 0; i < gradients.size(); i++) {
          double norm = norm(gradients.get(i));
          if (norm < 0.02) {
            continue;
          }
          TrainVariables.Slot slot =
              train
                  .variables
                  .state()
                  .get(TrainVariables.WEIGHTS + "/" + train.variables.all().get(i).spec().name());
          float[] weights = start.get(slot);
          double up = lossAt(train, session, images, slot, moved(weights, gradients.get(i), STEP));
          double down =
              lossAt(train, session, images, slot, moved(weights, gradients.get(i), -STEP));
          Checkpoint.set(session, Map.of(slot, weights));
          assertThat((up - down) / (2 * STEP)).as(slot.name()).isCloseTo(norm, withinPercentage(3));
          checked++;
        }
        assertThat(checked).isGreaterThan(40);
      }
    }
  }

  /** Random weights without the zeros that training starts from, which would hide gradients. */
  private static Map<TrainVariables.Slot, float[]> start(TrainGraph train) {
    Map<TrainVariables.Slot, float[]> values = new LinkedHashMap<>();
    for (TrainVariables.Slot slot : train.variables.state().values()) {
      Initializer init = slot.spec().init();
      values.put(
          slot,
          (init == Initializer.ZERO_KERNEL ? Initializer.KERNEL : init)
              .values(slot.spec().name(), slot.shape(), 1));
    }
    return values;
  }

  private static float[] moved(float[] weights, float[] gradient, double distance) {
    double norm = norm(gradient);
    float[] moved = new float[weights.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = (float) (weights[i] + distance * gradient[i] / norm);
    }
    return moved;
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  private static List<float[]> gradients(TrainGraph train, Session session, byte[] images) {
    try (StepFeed feed = new StepFeed(CONFIG, images, null, 0)) {
      Session.Runner runner = session.runner();
      train.gradients.forEach(runner::fetch);
      feed.into(runner, train);
      try (Result result = runner.run()) {
        List<float[]> all = new java.util.ArrayList<>();
        for (int i = 0; i < train.gradients.size(); i++) {
          TFloat32 gradient = (TFloat32) result.get(i);
          float[] values = new float[(int) gradient.size()];
          gradient.asRawTensor().data().asFloats().read(values);
          all.add(values);
        }
        return all;
      }
    }
  }

  private static double lossAt(
      TrainGraph train, Session session, byte[] images, TrainVariables.Slot slot, float[] weights) {
    Checkpoint.set(session, Map.of(slot, weights));
    try (StepFeed feed = new StepFeed(CONFIG, images, null, 0)) {
      Session.Runner runner = session.runner().fetch(train.loss);
      feed.into(runner, train);
      try (Result result = runner.run()) {
        return ((TFloat32) result.get(0)).getFloat();
      }
    }
  }
}
