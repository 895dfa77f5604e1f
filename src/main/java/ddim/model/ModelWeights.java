package ddim.model;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.nn.LabelEmbedding;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of a model, with what must be known of them.
 *
 * @param unet the network
 * @param schedule the noise that it was trained on
 * @param prediction what it predicts
 * @param dataset the name of the training images
 * @param license the licence of the weights, as an SPDX expression
 * @param trainingStep how many optimizer steps they have seen
 * @param values by name, in TensorFlow's layout, last dimension fastest
 * @param classNames what the labels stand for, by label; empty if nobody has said or there are none
 */
public record ModelWeights(
    UNetConfig unet,
    ScheduleConfig schedule,
    Prediction prediction,
    String dataset,
    String license,
    long trainingStep,
    Map<String, float[]> values,
    List<String> classNames) {

  /**
   * @throws ModelFormatException naming every weight that is missing, surplus or of another size,
   *     or if such a prediction says nothing of images that are nothing but noise
   */
  public ModelWeights {
    NoiseSchedule.of(schedule)
        .problemOf(prediction, schedule.trainSteps() - 1)
        .ifPresent(
            problem -> {
              throw new ModelFormatException("the model cannot be sampled: " + problem);
            });
    Map<String, float[]> ordered = new LinkedHashMap<>();
    List<String> wrong = new ArrayList<>();
    for (ParamSpec spec : ParamSpec.of(unet)) {
      float[] given = values.get(spec.name());
      if (given == null) {
        wrong.add(spec.name() + " is missing");
      } else if (given.length != spec.size()) {
        wrong.add(spec.name() + " has " + given.length + " values, should have " + spec.size());
      } else {
        ordered.put(spec.name(), given);
      }
    }
    for (String name : values.keySet()) {
      if (!ordered.containsKey(name) && wrong.stream().noneMatch(w -> w.startsWith(name + " "))) {
        wrong.add(name + " is not part of the network");
      }
    }
    if (!wrong.isEmpty()) {
      throw new ModelFormatException("weights do not fit: " + String.join("; ", wrong));
    }
    values = ordered;
    classNames = List.copyOf(classNames);
  }

  /** Weights whose classes have no names, or that have none. */
  public ModelWeights(
      UNetConfig unet,
      ScheduleConfig schedule,
      Prediction prediction,
      String dataset,
      String license,
      long trainingStep,
      Map<String, float[]> values) {
    this(unet, schedule, prediction, dataset, license, trainingStep, values, List.of());
  }

  /**
   * The same weights for a network that is told of classes: without a label it predicts what it
   * did, with one what the start of the class's vector makes of it, until it has learned them.
   *
   * @param classes at least 1
   * @throws IllegalArgumentException if the network has classes already
   */
  public ModelWeights withClasses(int classes) {
    if (unet.classes() > 0) {
      throw new IllegalArgumentException("the network has " + unet.classes() + " classes already");
    }
    UNetConfig told = unet.withClasses(classes);
    Map<String, float[]> more = new LinkedHashMap<>(values);
    more.put(LabelEmbedding.WEIGHT, LabelEmbedding.beside(told));
    return new ModelWeights(told, schedule, prediction, dataset, license, trainingStep, more);
  }

  /** The same model with other weights. */
  ModelWeights withValues(Map<String, float[]> others) {
    return new ModelWeights(
        unet, schedule, prediction, dataset, license, trainingStep, others, classNames);
  }

  /** What the model is. */
  public ModelSpec spec() {
    long parameters = values.values().stream().mapToLong(v -> v.length).sum();
    return new ModelSpec(
        unet,
        schedule,
        prediction,
        dataset,
        license,
        trainingStep,
        parameters,
        digest(),
        classNames);
  }

  /** SHA-256 over names and little-endian values, in the order of the network. */
  private String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Map.Entry<String, float[]> entry : values.entrySet()) {
        digest.update(entry.getKey().getBytes(StandardCharsets.UTF_8));
        ByteBuffer bytes =
            ByteBuffer.allocate(entry.getValue().length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(entry.getValue());
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
