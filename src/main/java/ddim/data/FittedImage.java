package ddim.data;

import java.awt.image.BufferedImage;

/**
 * Makes a picture of any size one of a given size: the largest centred part of the right
 * proportions, then the mean of the area that each new pixel covers.
 */
final class FittedImage {
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
    SourceRows rows = new SourceRows(picture, channels);
    byte[] fitted = new byte[height * width * channels];
    for (int y = 0; y < height; y++) {
      double[] means = means(rows, top + y * scale, left, scale, width);
      for (int i = 0; i < means.length; i++) {
        fitted[y * means.length + i] = (byte) Math.round(means[i]);
      }
    }
    return fitted;
  }

  /**
   * The means over a row of squares, whose border pixels count by the part of them that is inside.
   *
   * @return [width, channels]
   */
  private static double[] means(SourceRows rows, double top, double left, double side, int width) {
    int channels = rows.channels();
    double[] sums = new double[width * channels];
    double[] areas = new double[width];
    int lastRow = Math.min(rows.height(), (int) Math.ceil(top + side));
    for (int y = (int) top; y < lastRow; y++) {
      double share = Math.min(y + 1, top + side) - Math.max(y, top);
      double[] source = rows.row(y);
      for (int column = 0; column < width; column++) {
        double from = left + column * side;
        int last = Math.min(rows.width(), (int) Math.ceil(from + side));
        for (int x = (int) from; x < last; x++) {
          double part = share * (Math.min(x + 1, from + side) - Math.max(x, from));
          for (int c = 0; c < channels; c++) {
            sums[column * channels + c] += part * source[x * channels + c];
          }
          areas[column] += part;
        }
      }
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] /= areas[i / channels];
    }
    return sums;
  }
}
