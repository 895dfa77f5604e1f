import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.model.ModelExporter;
import ddim.model.ModelWeights;
import ddim.nn.Initializer;
import ddim.nn.LabelEmbedding;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Exports a network with random weights, none of them zero, and with small answers: the
 * trajectories of random networks with large ones are chaotic, and compare nothing.
 *
 * <p>{@code java -cp … RandomModel.java MODELS NAME NETWORK PREDICTION} writes {@code
 * MODELS/NAME/1}; NETWORK is {@code cifar10}, {@code tiny} or {@code labels}, which is Fashion-MNIST
 * with ten classes, and PREDICTION is {@code eps}, {@code v} or {@code x0}.
 */
final class RandomModel {
  private static final float OUTPUT_SCALE = 0.1f;

  private RandomModel() {}

  public static void main(String[] args) throws IOException {
    UNetConfig unet = network(args[2]);
    Prediction prediction = Prediction.valueOf(args[3].toUpperCase(Locale.ROOT));
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(unet)) {
      Initializer init = spec.init() == Initializer.ZERO_KERNEL ? Initializer.KERNEL : spec.init();
      float[] numbers = init.values(spec.name(), spec.shape(), 1);
      if (spec.name().equals(LabelEmbedding.WEIGHT)) {
        Random random = new Random(1);
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = (float) random.nextGaussian();
        }
      }
      if (spec.name().equals("conv_out.weight")) {
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] *= OUTPUT_SCALE;
        }
      }
      values.put(spec.name(), numbers);
    }
    ModelWeights weights =
        new ModelWeights(
            unet, ScheduleConfig.LINEAR_1000, prediction, "none", "CC0-1.0", 0, values);
    ModelExporter.export(weights, Path.of(args[0]), args[1], OptionalLong.of(1));
  }

  private static UNetConfig network(String name) {
    return switch (name) {
      case "cifar10" -> UNetConfig.cifar10();
      case "labels" -> UNetConfig.fashionMnist().withClasses(10);
      case "tiny" -> UNetConfig.tiny();
      default -> throw new IllegalArgumentException("no network '" + name + "'");
    };
  }
}
