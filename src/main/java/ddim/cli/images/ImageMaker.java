package ddim.cli.images;

import java.util.List;

/** Where {@code sample} gets images: a model in this process, or a server. */
public interface ImageMaker extends AutoCloseable {
  /**
   * Images of one size.
   *
   * @param pixels of each image, numbers in [-1, 1], row by row, channels last
   * @param model the name of the model that made them
   * @param version its version
   */
  record Images(
      List<float[]> pixels, int height, int width, int channels, String model, long version) {}

  /**
   * Makes one image a seed.
   *
   * @param seeds at least one
   * @param steps the number of network calls
   * @param eta the share of fresh noise, from 0 to 1
   * @throws WrongCallException if the model cannot be asked for that
   */
  Images make(long[] seeds, int steps, double eta);

  @Override
  void close();
}
