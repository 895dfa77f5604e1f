package ddim.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;

/**
 * The rows of a picture as numbers from 0 to 255, one at a time: a whole picture would be large.
 */
final class SourceRows {
  private static final double RED = 0.299; // the weights of grey are those of Rec. 601
  private static final double GREEN = 0.587;
  private static final double BLUE = 0.114;

  private final BufferedImage picture;
  private final int channels;
  private final boolean grey;
  private final int[] packed;
  private final double[] numbers;

  /** The row that {@code numbers} are of; two squares may share it. */
  private int current = -1;

  /**
   * @param channels 1 for grey, 3 for colour
   */
  SourceRows(BufferedImage picture, int channels) {
    this.picture = picture;
    this.channels = channels;
    this.grey = picture.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    this.packed = new int[picture.getWidth()];
    this.numbers = new double[picture.getWidth() * channels];
  }

  int width() {
    return picture.getWidth();
  }

  int height() {
    return picture.getHeight();
  }

  int channels() {
    return channels;
  }

  /**
   * One row, until the next call.
   *
   * @return [width, channels]
   */
  double[] row(int y) {
    if (y != current) {
      if (grey) {
        readGrey(y);
      } else {
        readColour(y);
      }
      current = y;
    }
    return numbers;
  }

  /** Java takes grey numbers for linear light, and would brighten them on the way to sRGB. */
  private void readGrey(int y) {
    Raster raster = picture.getRaster();
    double full = (1 << Math.min(16, raster.getSampleModel().getSampleSize(0))) - 1;
    raster.getSamples(0, y, packed.length, 1, 0, packed);
    for (int x = 0; x < packed.length; x++) {
      for (int c = 0; c < channels; c++) {
        numbers[x * channels + c] = 255 * packed[x] / full;
      }
    }
  }

  private void readColour(int y) {
    picture.getRGB(0, y, packed.length, 1, packed, 0, packed.length);
    for (int x = 0; x < packed.length; x++) {
      double r = packed[x] >> 16 & 0xff;
      double g = packed[x] >> 8 & 0xff;
      double b = packed[x] & 0xff;
      if (channels == 1) {
        numbers[x] = RED * r + GREEN * g + BLUE * b;
      } else {
        numbers[x * 3] = r;
        numbers[x * 3 + 1] = g;
        numbers[x * 3 + 2] = b;
      }
    }
  }
}
