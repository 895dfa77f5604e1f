package ddim.train;

import org.jspecify.annotations.Nullable;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** The inputs of one step of a {@link TrainGraph}. */
final class StepFeed implements AutoCloseable {
  private final TUint8 images;
  private final @Nullable TInt32 labels;
  private final TInt64 step;
  private final TFloat32 learningRate;
  private final TFloat32 beta1Power;
  private final TFloat32 beta2Power;
  private final TFloat32 emaDecay;

  /**
   * @param images a batch, batch * height * width * channels bytes
   * @param labels one an image for a network with classes, else null
   * @param step from 0
   */
  StepFeed(TrainConfig config, byte[] images, int @Nullable [] labels, long step) {
    var unet = config.unet();
    Shape shape = Shape.of(config.batchSize(), unet.height(), unet.width(), unet.imageChannels());
    this.images = TUint8.tensorOf(shape, DataBuffers.of(images));
    this.labels =
        labels == null ? null : TInt32.tensorOf(Shape.of(labels.length), DataBuffers.of(labels));
    this.step = TInt64.scalarOf(step);
    this.learningRate = TFloat32.scalarOf((float) config.learningRateAt(step));
    this.beta1Power = TFloat32.scalarOf(TrainGraph.beta1Power(step + 1));
    this.beta2Power = TFloat32.scalarOf(TrainGraph.beta2Power(step + 1));
    this.emaDecay = TFloat32.scalarOf((float) config.emaDecayAt(step));
  }

  void into(Session.Runner runner, TrainGraph graph) {
    runner
        .feed(graph.images, images)
        .feed(graph.step, step)
        .feed(graph.learningRate, learningRate)
        .feed(graph.beta1Power, beta1Power)
        .feed(graph.beta2Power, beta2Power)
        .feed(graph.emaDecay, emaDecay);
    if (graph.labels != null && labels != null) {
      runner.feed(graph.labels, labels);
    }
  }

  @Override
  public void close() {
    images.close();
    if (labels != null) {
      labels.close();
    }
    step.close();
    learningRate.close();
    beta1Power.close();
    beta2Power.close();
    emaDecay.close();
  }
}
