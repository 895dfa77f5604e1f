package ddim.nn;

import java.util.ArrayList;
import java.util.List;

/** The rules of {@link UNetConfig}, checked together so that one error names all that is wrong. */
final class UNetConfigRules {
  /** Beyond these no network can be worked with, and a broken file must not have one planned. */
  private static final int MAX_SIDE = 8192;

  private static final int MAX_WIDTH = 1 << 16;
  private static final int MAX_LEVELS = 12;
  private static final int MAX_BLOCKS = 64;
  private static final int MAX_CLASSES = 1 << 20;

  private final List<String> broken = new ArrayList<>();

  void check(
      int height,
      int width,
      int imageChannels,
      int channels,
      List<Integer> multipliers,
      int resBlocks,
      double dropout,
      int normGroups,
      int classes,
      int downsamplePadding) {
    rule(!multipliers.isEmpty(), "channelMultipliers must not be empty");
    rule(multipliers.stream().allMatch(m -> m >= 1), "channelMultipliers must be 1 or more");
    int divisor = 1 << Math.max(0, Math.min(20, multipliers.size() - 1));
    rule(
        height >= 1 && height % divisor == 0,
        "height must be a positive multiple of " + divisor + " (2^(levels - 1)), is " + height);
    rule(
        width >= 1 && width % divisor == 0,
        "width must be a positive multiple of " + divisor + " (2^(levels - 1)), is " + width);
    rule(imageChannels >= 1, "imageChannels must be 1 or more, is " + imageChannels);
    rule(normGroups >= 1, "normGroups must be 1 or more, is " + normGroups);
    rule(
        channels >= 4 && normGroups >= 1 && channels % normGroups == 0,
        "channels must be 4 or more and a multiple of the "
            + normGroups
            + " normGroups, is "
            + channels);
    rule(resBlocks >= 1, "resBlocks must be 1 or more, is " + resBlocks);
    rule(dropout >= 0 && dropout < 1, "dropout must be in [0, 1), is " + dropout);
    rule(classes >= 0, "classes must be 0 or more, is " + classes);
    rule(
        downsamplePadding == 0 || downsamplePadding == 1,
        "downsamplePadding must be 0 or 1, is " + downsamplePadding);
    atMost("height", height, MAX_SIDE);
    atMost("width", width, MAX_SIDE);
    atMost("the number of channelMultipliers", multipliers.size(), MAX_LEVELS);
    atMost("resBlocks", resBlocks, MAX_BLOCKS);
    atMost("classes", classes, MAX_CLASSES);
    long widest = multipliers.stream().mapToLong(Integer::longValue).max().orElse(1);
    atMost("channels times the largest multiplier", Math.max(1, widest) * channels, MAX_WIDTH);
    atMost("height * width * imageChannels", (double) height * width * imageChannels, 1L << 30);
    if (!broken.isEmpty()) {
      throw new IllegalArgumentException("U-Net configuration: " + String.join("; ", broken));
    }
  }

  private void atMost(String what, double number, long most) {
    rule(number <= most, "%s must be at most %d, is %.0f".formatted(what, most, number));
  }

  private void rule(boolean holds, String text) {
    if (!holds) {
      broken.add(text);
    }
  }
}
