package ddim.train;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The recipe of a training run; all that decides its numbers besides the images.
 *
 * @param unet the network
 * @param schedule the noise
 * @param prediction what the network learns to predict; not eps where the noise leaves no signal
 * @param batchSize images a step, at least 1
 * @param accumulate how many parts of a batch are worked on one after the other, for networks whose
 *     whole batch does not fit into the memory; the step is that of the whole batch, to rounding
 * @param learningRate of Adam, reached after the warm-up
 * @param warmupSteps over which the learning rate rises linearly from 0; 0 for none
 * @param decaySteps where the run ends: from the warm-up to there the learning rate falls to 0
 *     along half a cosine (Loshchilov, Hutter, <a href="https://arxiv.org/abs/1608.03983">SGDR</a>,
 *     eq. 5, without restarts), so that the last steps average out what single batches did to the
 *     weights; 0 for a rate that stays, as in the DDPM and DDIM papers
 * @param gradientClip the largest norm of all gradients together, above 0
 * @param emaDecay of the moving average of the weights, in [0, 1); it starts lower, at {@code (1 +
 *     step) / (10 + step)}
 * @param flip whether half of the images are mirrored
 * @param labelDropout the share of labels that a network with classes is not told, in [0, 1]
 * @param checkpointEvery steps between checkpoints
 * @param precision of the large products
 * @param seed decides initial weights, order of images, noise and dropout
 */
public record TrainConfig(
    UNetConfig unet,
    ScheduleConfig schedule,
    Prediction prediction,
    int batchSize,
    int accumulate,
    double learningRate,
    int warmupSteps,
    int decaySteps,
    double gradientClip,
    double emaDecay,
    boolean flip,
    double labelDropout,
    int checkpointEvery,
    Precision precision,
    long seed) {

  private static final double LABEL_DROPOUT = 0.1;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** The numbers of large products in training. */
  public enum Precision {
    FLOAT32,
    /** Convolutions and products in bfloat16, weights and sums in float32. */
    BFLOAT16
  }

  /**
   * @throws IllegalArgumentException with every rule that the numbers break
   */
  public TrainConfig {
    List<String> broken = new ArrayList<>();
    rule(broken, batchSize >= 1, "batch_size must be 1 or more, is " + batchSize);
    rule(
        broken,
        accumulate >= 1 && batchSize % Math.max(1, accumulate) == 0,
        "accumulate must divide batch_size, " + batchSize + ", is " + accumulate);
    rule(
        broken,
        learningRate > 0 && Double.isFinite(learningRate),
        "learning_rate must be above 0, is " + learningRate);
    rule(broken, warmupSteps >= 0, "warmup_steps must be 0 or more, is " + warmupSteps);
    rule(
        broken,
        decaySteps == 0 || decaySteps > warmupSteps,
        "decay_steps must be 0 or above warmup_steps, " + warmupSteps + ", is " + decaySteps);
    rule(broken, gradientClip > 0, "gradient_clip must be above 0, is " + gradientClip);
    rule(broken, emaDecay >= 0 && emaDecay < 1, "ema_decay must be in [0, 1), is " + emaDecay);
    rule(
        broken,
        labelDropout >= 0 && labelDropout <= 1,
        "label_dropout must be in [0, 1], is " + labelDropout);
    rule(broken, checkpointEvery >= 1, "checkpoint_every must be 1 or more, is " + checkpointEvery);
    NoiseSchedule.of(schedule)
        .problemOf(prediction, schedule.trainSteps() - 1)
        .ifPresent(broken::add);
    if (!broken.isEmpty()) {
      throw new IllegalArgumentException("training configuration: " + String.join("; ", broken));
    }
  }

  /** The names that {@link #named} knows. */
  public static List<String> names() {
    return List.of(
        "fashion-mnist", "fashion-mnist-labels", "cifar10", "celeba64", "lsun256", "tiny");
  }

  /**
   * A recipe by name. {@code cifar10}, {@code celeba64} and {@code lsun256} are those of the DDPM
   * and DDIM papers, {@code lsun256} with flips as for churches (bedrooms had none); {@code
   * fashion-mnist} is made for hours on a CPU: a small network, a higher learning rate with a short
   * warm-up, and no flips, because all its shoes point left; {@code fashion-mnist-labels} is the
   * same with its ten classes.
   *
   * @throws IllegalArgumentException if there is no such name
   */
  public static TrainConfig named(String name) {
    return switch (name) {
      case "fashion-mnist" -> small(UNetConfig.fashionMnist(), 64, 5e-4, 200, 0.9999);
      case "fashion-mnist-labels" ->
          small(UNetConfig.fashionMnist().withClasses(10), 64, 5e-4, 200, 0.9999);
      case "tiny" -> small(UNetConfig.tiny(), 8, 1e-3, 10, 0.99);
      case "cifar10" -> paper(UNetConfig.cifar10(), 128, 2e-4);
      case "celeba64" -> paper(UNetConfig.celeba64(), 128, 2e-4);
      case "lsun256" -> paper(UNetConfig.lsun256(), 64, 2e-5);
      default ->
          throw new IllegalArgumentException(
              "no configuration '" + name + "'; there are " + String.join(", ", names()));
    };
  }

  private static TrainConfig small(
      UNetConfig unet, int batch, double learningRate, int warmup, double emaDecay) {
    return new TrainConfig(
        unet,
        ScheduleConfig.LINEAR_1000,
        Prediction.EPS,
        batch,
        1,
        learningRate,
        warmup,
        0,
        1,
        emaDecay,
        false,
        LABEL_DROPOUT,
        500,
        Precision.FLOAT32,
        0);
  }

  private static TrainConfig paper(UNetConfig unet, int batch, double learningRate) {
    return new TrainConfig(
        unet,
        ScheduleConfig.LINEAR_1000,
        Prediction.EPS,
        batch,
        1,
        learningRate,
        5000,
        0,
        1,
        0.9999,
        true,
        LABEL_DROPOUT,
        5000,
        Precision.FLOAT32,
        0);
  }

  /** The same recipe for another network and its noise. */
  TrainConfig withModel(UNetConfig newUnet, ScheduleConfig newSchedule, Prediction newPrediction) {
    return new TrainConfig(
        newUnet,
        newSchedule,
        newPrediction,
        batchSize,
        accumulate,
        learningRate,
        warmupSteps,
        decaySteps,
        gradientClip,
        emaDecay,
        flip,
        labelDropout,
        checkpointEvery,
        precision,
        seed);
  }

  /** The same recipe with another seed. */
  public TrainConfig withSeed(long newSeed) {
    return new TrainConfig(
        unet,
        schedule,
        prediction,
        batchSize,
        accumulate,
        learningRate,
        warmupSteps,
        decaySteps,
        gradientClip,
        emaDecay,
        flip,
        labelDropout,
        checkpointEvery,
        precision,
        newSeed);
  }

  /** The same recipe in another precision. */
  public TrainConfig withPrecision(Precision newPrecision) {
    return new TrainConfig(
        unet,
        schedule,
        prediction,
        batchSize,
        accumulate,
        learningRate,
        warmupSteps,
        decaySteps,
        gradientClip,
        emaDecay,
        flip,
        labelDropout,
        checkpointEvery,
        newPrecision,
        seed);
  }

  /**
   * The learning rate of a step, from 0. It is a function of the step: a resumed run has it too.
   */
  double learningRateAt(long step) {
    if (step < warmupSteps) {
      return learningRate * (step + 1.0) / warmupSteps;
    }
    if (decaySteps == 0) {
      return learningRate;
    }
    double done = Math.min(1.0, (double) (step - warmupSteps) / (decaySteps - warmupSteps));
    return learningRate * (1 + Math.cos(Math.PI * done)) / 2;
  }

  /** The decay of the moving average at a step, from 0. */
  double emaDecayAt(long step) {
    return Math.min(emaDecay, (1.0 + step) / (10.0 + step));
  }

  /**
   * Reads a recipe from a JSON file, which may name another one as {@code base} and then change
   * some of its numbers.
   *
   * @throws IllegalArgumentException if the file is no recipe; the message names the file
   * @throws IOException if it cannot be read
   */
  public static TrainConfig read(Path file) throws IOException {
    return parse(Files.readString(file), file.toString());
  }

  /** Reads a recipe from JSON text; {@code source} names it in errors. */
  static TrainConfig parse(String text, String source) {
    try {
      JsonNode node = JSON.readTree(text);
      if (!node.isObject()) {
        throw new IllegalArgumentException(source + ": not a JSON object");
      }
      if (node.has("base")) {
        JsonNode merged = JSON.valueToTree(named(node.get("base").asText()));
        ((ObjectNode) node).remove("base");
        return JSON.treeToValue(JSON.readerForUpdating(merged).readValue(node), TrainConfig.class);
      }
      fillNewer((ObjectNode) node);
      return JSON.treeToValue(node, TrainConfig.class);
    } catch (JsonMappingException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException ? e.getCause() : e;
      throw new IllegalArgumentException(source + ": " + firstLine(cause), e);
    } catch (IOException e) {
      throw new IllegalArgumentException(source + ": not JSON: " + firstLine(e), e);
    }
  }

  /** What recipes mean that were written before an entry was there. */
  private static void fillNewer(ObjectNode recipe) {
    if (recipe.path("unet") instanceof ObjectNode unet) {
      for (String key : List.of("classes", "downsample_padding")) {
        if (!unet.has(key)) {
          unet.put(key, 0);
        }
      }
    }
    if (!recipe.has("accumulate")) {
      recipe.put("accumulate", 1);
    }
    if (!recipe.has("decay_steps")) {
      recipe.put("decay_steps", 0);
    }
    if (!recipe.has("label_dropout")) {
      recipe.put("label_dropout", LABEL_DROPOUT);
    }
  }

  /** The recipe as JSON text, as {@link #read} reads it. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static void rule(List<String> broken, boolean holds, String text) {
    if (!holds) {
      broken.add(text);
    }
  }
}
