package ddim.model;

import ddim.nn.UNetConfig;

/**
 * What an image should show.
 *
 * @param label a class of the model, from 0; {@link #NO_LABEL} for anything
 * @param guidance how strongly the label is followed: 0 not at all, 1 as learned, more goes beyond
 *     and needs two network calls a step
 */
public record Condition(int label, float guidance) {
  /** The label of images that may show anything. */
  public static final int NO_LABEL = -1;

  /** Anything: the only condition of models without classes. */
  public static final Condition NONE = new Condition(NO_LABEL, 1);

  /** The strongest guidance that may be asked for. */
  public static final float MOST_GUIDANCE = 100;

  /**
   * @throws IllegalArgumentException if a guidance is out of range
   */
  public static void requireGuidance(double guidance) {
    if (!(guidance >= 0 && guidance <= MOST_GUIDANCE)) {
      throw new IllegalArgumentException(
          "guidance must be from 0 to " + (int) MOST_GUIDANCE + ", is " + guidance);
    }
  }

  /**
   * How many rows of the network's batch an image takes in each of its steps: two if it is guided,
   * with the label and without, else one.
   */
  public int places() {
    return label == NO_LABEL || guidance == 0 || guidance == 1 ? 1 : 2;
  }

  /** The most places that an image of a network can take. */
  public static int mostPlaces(UNetConfig unet) {
    return unet.classes() > 0 ? 2 : 1;
  }

  /**
   * @throws IllegalArgumentException if the label is none of the network's
   */
  public void requireFits(UNetConfig unet) {
    if (label < NO_LABEL || label >= unet.classes()) {
      throw new IllegalArgumentException(
          unet.classes() == 0
              ? "the model has no classes, the label is " + label
              : "the label must be from -1 to " + (unet.classes() - 1) + ", is " + label);
    }
  }
}
