package ddim.model;

import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.nn.Initializer;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Models with random weights, none of them zero, so that every layer has a say. */
public final class TestModels {
  /** Small answers: with large ones, trajectories of random networks are chaotic. */
  private static final float OUTPUT_SCALE = 0.1f;

  private TestModels() {}

  public static ModelWeights tiny(Prediction prediction) {
    return random(UNetConfig.tiny(), prediction);
  }

  /** A SavedModel of another program: {@code y = x + x} for x of [?, 3]. */
  public static void plain(Path folder) throws IOException {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 3)));
      Signature signature =
          Signature.builder("double").input("x", x).output("y", tf.math.add(x, x)).build();
      SavedModelBundle.exporter(folder.toString())
          .withSession(session)
          .withSignature(signature)
          .export();
    }
  }

  public static ModelWeights random(UNetConfig unet, Prediction prediction) {
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(unet)) {
      Initializer init = spec.init() == Initializer.ZERO_KERNEL ? Initializer.KERNEL : spec.init();
      float[] numbers = init.values(spec.name(), spec.shape(), 1);
      if (spec.name().equals("conv_out.weight")) {
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] *= OUTPUT_SCALE;
        }
      }
      values.put(spec.name(), numbers);
    }
    return new ModelWeights(
        unet, ScheduleConfig.LINEAR_1000, prediction, "none", "Apache-2.0", 0, values);
  }
}
