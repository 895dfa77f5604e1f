import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.model.ModelExporter;
import ddim.model.ModelWeights;
import ddim.nn.Initializer;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Exports the CIFAR-10 network with random weights, none of them zero, and with small answers: the
 * trajectories of random networks with large ones are chaotic, and compare nothing.
 *
 * <p>{@code java -cp … RandomModel.java MODELS NAME} writes {@code MODELS/NAME/1}.
 */
final class RandomModel {
  private static final float OUTPUT_SCALE = 0.1f;

  private RandomModel() {}

  public static void main(String[] args) throws IOException {
    UNetConfig unet = UNetConfig.cifar10();
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
    ModelWeights weights =
        new ModelWeights(
            unet, ScheduleConfig.LINEAR_1000, Prediction.EPS, "none", "CC0-1.0", 0, values);
    ModelExporter.export(weights, Path.of(args[0]), args[1], OptionalLong.of(1));
  }
}
