package ddim.cli.images;

import ddim.data.FashionMnist;
import ddim.data.ImageSource;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Reads pictures of one size as numbers in [-1, 1].
 *
 * @param height of every picture
 * @param width of every picture
 * @param channels 1 for grey, 3 for colour; grey files are read as colour where that is wanted, but
 *     no colour is thrown away
 */
public record PictureInput(int height, int width, int channels) {
  /** A picture and what it is called. */
  public record Picture(String name, float[] pixels) {}

  /**
   * Reads files, the files of folders by name, or the images that ship with the program.
   *
   * @param sources paths, or {@code fashion-mnist}
   * @param most at most so many
   * @throws WrongCallException if there is none, or one of another size or kind
   */
  public List<Picture> read(List<String> sources, int most) throws IOException {
    List<Picture> pictures = new ArrayList<>();
    for (String source : sources) {
      if (source.equals(FashionMnist.NAME)) {
        addBundled(pictures, most);
      } else {
        for (Path file : files(Path.of(source))) {
          if (pictures.size() < most) {
            pictures.add(new Picture(file.getFileName().toString(), pixels(file)));
          }
        }
      }
    }
    if (pictures.isEmpty()) {
      throw new WrongCallException("no pictures in " + String.join(", ", sources));
    }
    return pictures;
  }

  private void addBundled(List<Picture> pictures, int most) {
    ImageSource source = FashionMnist.bundled();
    requireSize(FashionMnist.NAME, source.height(), source.width(), source.channels() == channels);
    byte[] bytes = new byte[source.imageSize()];
    for (int i = 0; i < source.size() && pictures.size() < most; i++) {
      source.read(i, bytes, 0);
      float[] pixels = new float[bytes.length];
      for (int j = 0; j < pixels.length; j++) {
        pixels[j] = number(bytes[j] & 0xff);
      }
      pictures.add(new Picture(FashionMnist.NAME + "-" + i, pixels));
    }
  }

  private static List<Path> files(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private float[] pixels(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    BufferedImage picture = ImageIO.read(file.toFile());
    if (picture == null) {
      throw new WrongCallException(file + ": not a picture that this Java reads");
    }
    Raster raster = picture.getRaster();
    boolean grey = raster.getNumBands() <= 2;
    requireSize(file.toString(), picture.getHeight(), picture.getWidth(), grey || channels == 3);
    float[] pixels = new float[height * width * channels];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int rgb = picture.getRGB(x, y);
        for (int c = 0; c < channels; c++) {
          int level = grey ? raster.getSample(x, y, 0) : rgb >> (16 - 8 * c) & 0xff;
          pixels[(y * width + x) * channels + c] = number(level);
        }
      }
    }
    return pixels;
  }

  private void requireSize(String name, int pictureHeight, int pictureWidth, boolean fits) {
    if (pictureHeight != height || pictureWidth != width || !fits) {
      throw new WrongCallException(
          "%s: the model's images are %dx%d with %d channels, this one is %dx%d%s"
              .formatted(
                  name,
                  height,
                  width,
                  channels,
                  pictureHeight,
                  pictureWidth,
                  fits ? "" : " with other channels"));
    }
  }

  private static float number(int level) {
    return level / 127.5f - 1;
  }
}
