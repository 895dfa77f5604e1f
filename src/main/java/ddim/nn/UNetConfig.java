package ddim.nn;

import java.util.List;

/**
 * The shape of a U-Net; two networks with equal configurations have equal parameters.
 *
 * @param height rows of the image, divisible by 2^(levels - 1)
 * @param width columns of the image, divisible by 2^(levels - 1)
 * @param imageChannels 1 for grey, 3 for colour
 * @param channels the base width; a multiple of {@code normGroups}
 * @param channelMultipliers the width of each level in units of {@code channels}
 * @param resBlocks residual blocks of each level on the way down; one more on the way up
 * @param attentionAt image heights at which every residual block is followed by attention
 * @param dropout the share of features dropped in training, in [0, 1)
 * @param normGroups groups of every group normalisation
 * @param classes labels that the network is told of, 0 for a network without labels
 * @param downsamplePadding rows and columns of zeros above and left of an image that is halved: 0
 *     as in the papers, where they are below and right, or 1 as diffusers has it by default
 */
public record UNetConfig(
    int height,
    int width,
    int imageChannels,
    int channels,
    List<Integer> channelMultipliers,
    int resBlocks,
    List<Integer> attentionAt,
    double dropout,
    int normGroups,
    int classes,
    int downsamplePadding) {

  /** The number of groups of the papers' networks. */
  public static final int DEFAULT_NORM_GROUPS = 32;

  /**
   * @throws IllegalArgumentException with every rule that the numbers break
   */
  public UNetConfig {
    channelMultipliers = List.copyOf(channelMultipliers);
    attentionAt = List.copyOf(attentionAt);
    new UNetConfigRules()
        .check(
            height,
            width,
            imageChannels,
            channels,
            channelMultipliers,
            resBlocks,
            dropout,
            normGroups,
            classes,
            downsamplePadding);
  }

  /** A network without labels, padded as in the papers. */
  public UNetConfig(
      int height,
      int width,
      int imageChannels,
      int channels,
      List<Integer> channelMultipliers,
      int resBlocks,
      List<Integer> attentionAt,
      double dropout,
      int normGroups) {
    this(
        height,
        width,
        imageChannels,
        channels,
        channelMultipliers,
        resBlocks,
        attentionAt,
        dropout,
        normGroups,
        0,
        0);
  }

  /** The same network with so many labels. */
  public UNetConfig withClasses(int newClasses) {
    return new UNetConfig(
        height,
        width,
        imageChannels,
        channels,
        channelMultipliers,
        resBlocks,
        attentionAt,
        dropout,
        normGroups,
        newClasses,
        downsamplePadding);
  }

  /** The same network with this padding where an image is halved. */
  public UNetConfig withDownsamplePadding(int padding) {
    return new UNetConfig(
        height,
        width,
        imageChannels,
        channels,
        channelMultipliers,
        resBlocks,
        attentionAt,
        dropout,
        normGroups,
        classes,
        padding);
  }

  /** The number of resolutions. */
  public int levels() {
    return channelMultipliers.size();
  }

  /** The numbers of one image, height * width * imageChannels. */
  public int imageSize() {
    return height * width * imageChannels;
  }

  /** The smallest network of the tests: 8x8 colour. */
  public static UNetConfig tiny() {
    return new UNetConfig(8, 8, 3, 32, List.of(1, 2), 1, List.of(4), 0, DEFAULT_NORM_GROUPS);
  }

  /** Fashion-MNIST at its native size. */
  public static UNetConfig fashionMnist() {
    return new UNetConfig(28, 28, 1, 32, List.of(1, 2, 2), 1, List.of(14), 0, DEFAULT_NORM_GROUPS);
  }

  /** CIFAR-10, as in the DDPM and DDIM papers. */
  public static UNetConfig cifar10() {
    return new UNetConfig(
        32, 32, 3, 128, List.of(1, 2, 2, 2), 2, List.of(16), 0.1, DEFAULT_NORM_GROUPS);
  }

  /** CelebA at 64x64, as in the DDIM paper. */
  public static UNetConfig celeba64() {
    return new UNetConfig(
        64, 64, 3, 128, List.of(1, 2, 2, 2, 4), 2, List.of(16), 0.1, DEFAULT_NORM_GROUPS);
  }

  /** LSUN bedroom and church at 256x256, as in the DDPM and DDIM papers. */
  public static UNetConfig lsun256() {
    return new UNetConfig(
        256, 256, 3, 128, List.of(1, 1, 2, 2, 4, 4), 2, List.of(16), 0, DEFAULT_NORM_GROUPS);
  }
}
