package ddim.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;

/**
 * Makes a picture of any size one of a given size: the largest centred part of the right
 * proportions, then the mean of the area that each new pixel covers.
 */
final class FittedImage {
  private static final double RED = 0.299; // the weights of grey are those of Rec. 601
  private static final double GREEN = 0.587;
  private static final double BLUE = 0.114;

  private FittedImage() {}

  /**
   * Fits a picture. What is transparent shows the colour that is stored there.
   *
   * @param channels 1 for grey, 3 for colour
   * @return [height, width, channels]
   */
  static byte[] of(BufferedImage picture, int height, int width, int channels) {
    double scale =
        Math.min((double) picture.getWidth() / width, (double) picture.getHeight() / height);
    double left = (picture.getWidth() - scale * width) / 2;
    double top = (picture.getHeight() - scale * height) / 2;
    double[][] planes = planes(picture, channels);
    byte[] fitted = new byte[height * width * channels];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          double mean =
              mean(
                  planes[c],
                  picture.getWidth(),
                  picture.getHeight(),
                  left + x * scale,
                  top + y * scale,
                  scale);
          fitted[(y * width + x) * channels + c] = (byte) Math.round(mean);
        }
      }
    }
    return fitted;
  }

  /** The mean over a square, whose border pixels count by the part of them that is inside. */
  private static double mean(
      double[] plane, int width, int height, double left, double top, double side) {
    int lastRow = Math.min(height, (int) Math.ceil(top + side));
    int lastColumn = Math.min(width, (int) Math.ceil(left + side));
    double sum = 0;
    double area = 0;
    for (int y = (int) top; y < lastRow; y++) {
      double rows = Math.min(y + 1, top + side) - Math.max(y, top);
      for (int x = (int) left; x < lastColumn; x++) {
        double part = rows * (Math.min(x + 1, left + side) - Math.max(x, left));
        sum += part * plane[y * width + x];
        area += part;
      }
    }
    return sum / area;
  }

  private static double[][] planes(BufferedImage picture, int channels) {
    int width = picture.getWidth();
    int pixels = width * picture.getHeight();
    double[][] planes = new double[channels][pixels];
    boolean grey = picture.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    Raster raster = picture.getRaster();
    // Java takes grey numbers for linear light, and would brighten them on the way to sRGB.
    double full = (1 << Math.min(16, raster.getSampleModel().getSampleSize(0))) - 1;
    for (int i = 0; i < pixels; i++) {
      double r;
      double g;
      double b;
      if (grey) {
        r = g = b = 255 * raster.getSample(i % width, i / width, 0) / full;
      } else {
        int rgb = picture.getRGB(i % width, i / width);
        r = rgb >> 16 & 0xff;
        g = rgb >> 8 & 0xff;
        b = rgb & 0xff;
      }
      if (channels == 1) {
        planes[0][i] = grey ? r : RED * r + GREEN * g + BLUE * b;
      } else {
        planes[0][i] = r;
        planes[1][i] = g;
        planes[2][i] = b;
      }
    }
    return planes;
  }
}
