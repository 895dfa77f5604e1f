package ddim.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Reads one PNG, JPEG or WebP file. */
final class PictureFile {
  /** A picture of so many pixels takes some 250 MB while it is fitted. */
  private static final long MOST_PIXELS = 64_000_000;

  private PictureFile() {}

  /**
   * The picture, fitted by {@link FittedImage}.
   *
   * @param channels 1 for grey, 3 for colour
   * @return [height, width, channels]
   * @throws IOException if it is no picture, is damaged or has more than 64 million pixels; the
   *     message names the file
   */
  static byte[] read(Path file, int height, int width, int channels) throws IOException {
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new IOException("its format is none of " + String.join(", ", ImageFolder.ENDINGS));
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        requireFits(reader); // before a small file becomes a large picture
        return FittedImage.of(reader.read(0), height, width, channels);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) { // damaged files make plug-ins throw anything
      throw new IOException(file + ": not a picture that can be read: " + e.getMessage(), e);
    }
  }

  private static void requireFits(ImageReader reader) throws IOException {
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > MOST_PIXELS) {
      throw new IOException(
          "it must have at most %,d pixels, has %,d x %,d"
              .formatted(MOST_PIXELS, reader.getWidth(0), reader.getHeight(0)));
    }
  }
}
