package ddim.eval.features;

import ddim.data.ImageSource;
import java.util.List;
import java.util.stream.IntStream;

/** Turns images into feature vectors. Thread-safe. */
public interface Features extends AutoCloseable {
  /** What a Fréchet distance in these features is called; says whose features they are. */
  String distanceName();

  /** One sentence on where the features come from. */
  String description();

  /** The length of a feature vector. */
  int dimension();

  /**
   * The features of images.
   *
   * @param images unsigned bytes, row by row, channels last, all of one size
   * @param height rows of one image
   * @param width columns of one image
   * @param channels 1 for grey, 3 for red, green, blue
   * @return [images][dimension]
   * @throws IllegalArgumentException if the images cannot be shown to the network
   */
  float[][] of(List<byte[]> images, int height, int width, int channels);

  /** The features of the first images of a source. */
  default float[][] of(ImageSource source, int count) {
    List<byte[]> images =
        IntStream.range(0, count)
            .mapToObj(
                i -> {
                  byte[] image = new byte[source.imageSize()];
                  source.read(i, image, 0);
                  return image;
                })
            .toList();
    return of(images, source.height(), source.width(), source.channels());
  }

  @Override
  void close();
}
