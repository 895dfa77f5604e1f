package ddim.model;

import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.nn.UNetConfig;
import java.util.List;

/**
 * What a model is: the content of {@code assets.extra/ddim.json}.
 *
 * @param unet the network, with the image shape
 * @param schedule the noise that it was trained on
 * @param prediction what it predicts
 * @param dataset the name of the training images
 * @param license the licence of the weights, as an SPDX expression
 * @param trainingStep how many optimizer steps the weights have seen
 * @param parameters the number of weights
 * @param weightsDigest SHA-256 of the weights, in hexadecimal
 * @param classNames what the labels stand for, by label; empty if nobody has said or there are none
 */
public record ModelSpec(
    UNetConfig unet,
    ScheduleConfig schedule,
    Prediction prediction,
    String dataset,
    String license,
    long trainingStep,
    long parameters,
    String weightsDigest,
    List<String> classNames) {
  public ModelSpec {
    classNames = List.copyOf(classNames);
  }

  /** A model whose classes have no names, or that has none. */
  public ModelSpec(
      UNetConfig unet,
      ScheduleConfig schedule,
      Prediction prediction,
      String dataset,
      String license,
      long trainingStep,
      long parameters,
      String weightsDigest) {
    this(
        unet,
        schedule,
        prediction,
        dataset,
        license,
        trainingStep,
        parameters,
        weightsDigest,
        List.of());
  }
}
