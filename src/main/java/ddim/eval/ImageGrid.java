package ddim.eval;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * One picture of many images of one size, row by row, with thin gaps between them.
 *
 * <p>Immutable; every {@code withX} returns a changed copy. Enlarging repeats pixels: nothing is
 * smoothed.
 */
public final class ImageGrid {
  /** Images are enlarged, by default, until they are at least so many pixels wide. */
  private static final int READABLE_WIDTH = 48;

  private static final int GAP = 2;
  private static final int GAP_LEVEL = 255;

  private final List<byte[]> images;
  private final int height;
  private final int width;
  private final int channels;
  private final int columns;
  private final int scale;
  private final GridLabels labels;

  private ImageGrid(
      List<byte[]> images,
      int height,
      int width,
      int channels,
      int columns,
      int scale,
      GridLabels labels) {
    this.images = images;
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.columns = columns;
    this.scale = scale;
    this.labels = labels;
  }

  /**
   * A grid of images as close to a square as it gets.
   *
   * @param images at least one; unsigned bytes, row by row, channels last; not copied
   * @param height rows of one image
   * @param width columns of one image
   * @param channels 1 for grey, 3 for red, green, blue
   * @throws IllegalArgumentException if there is no image, or one of another size, or another
   *     number of channels
   */
  public static ImageGrid ofPixels(List<byte[]> images, int height, int width, int channels) {
    if (images.isEmpty()) {
      throw new IllegalArgumentException("a grid needs at least one image");
    }
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException("a picture has 1 or 3 channels, not " + channels);
    }
    for (byte[] image : images) {
      if (image.length != height * width * channels) {
        throw new IllegalArgumentException(
            "expected images of %dx%dx%d, got one of %d numbers"
                .formatted(height, width, channels, image.length));
      }
    }
    int columns = (int) Math.ceil(Math.sqrt(images.size()));
    int scale = (READABLE_WIDTH + width - 1) / width;
    return new ImageGrid(
        List.copyOf(images), height, width, channels, columns, scale, GridLabels.NONE);
  }

  /**
   * A grid of images as close to a square as it gets.
   *
   * @param images at least one; numbers in [-1, 1], row by row, channels last
   * @param height rows of one image
   * @param width columns of one image
   * @param channels 1 for grey, 3 for red, green, blue
   * @throws IllegalArgumentException as {@link #ofPixels}
   */
  public static ImageGrid of(List<float[]> images, int height, int width, int channels) {
    return ofPixels(images.stream().map(ImageGrid::pixels).toList(), height, width, channels);
  }

  /**
   * The bytes of an image: -1 becomes 0, 1 becomes 255, what lies between is rounded half to even,
   * as the {@code images} of an exported model are, and what lies outside is cut off.
   */
  public static byte[] pixels(float[] image) {
    byte[] pixels = new byte[image.length];
    for (int i = 0; i < image.length; i++) {
      pixels[i] = (byte) Math.max(0, Math.min(255, Math.rint((image[i] + 1) * 127.5f)));
    }
    return pixels;
  }

  /** The same images with so many in a row. */
  public ImageGrid withColumns(int newColumns) {
    if (newColumns < 1) {
      throw new IllegalArgumentException("a grid needs at least one column, not " + newColumns);
    }
    return new ImageGrid(images, height, width, channels, newColumns, scale, labels);
  }

  /** The same images with every pixel so many pixels wide and high. */
  public ImageGrid withScale(int newScale) {
    if (newScale < 1) {
      throw new IllegalArgumentException("a pixel cannot be enlarged " + newScale + " times");
    }
    return new ImageGrid(images, height, width, channels, columns, newScale, labels);
  }

  /**
   * The same images with words beside the rows and above the columns.
   *
   * @param rows one a row, or empty
   * @param gridColumns one a column, or empty
   */
  public ImageGrid withLabels(List<String> rows, List<String> gridColumns) {
    return new ImageGrid(
        images, height, width, channels, columns, scale, new GridLabels(rows, gridColumns));
  }

  /** Draws the picture. */
  public BufferedImage draw() {
    return labels.around(drawCells(), width * scale + GAP, height * scale + GAP);
  }

  private BufferedImage drawCells() {
    int rows = (images.size() + columns - 1) / columns;
    BufferedImage picture =
        new BufferedImage(
            columns * (width * scale + GAP) + GAP,
            rows * (height * scale + GAP) + GAP,
            channels == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
    WritableRaster raster = picture.getRaster();
    int[] gap = new int[raster.getWidth() * raster.getHeight() * channels];
    Arrays.fill(gap, GAP_LEVEL);
    raster.setPixels(0, 0, raster.getWidth(), raster.getHeight(), gap);
    for (int i = 0; i < images.size(); i++) {
      int left = GAP + (i % columns) * (width * scale + GAP);
      int top = GAP + (i / columns) * (height * scale + GAP);
      raster.setPixels(left, top, width * scale, height * scale, enlarged(images.get(i)));
    }
    return picture;
  }

  private int[] enlarged(byte[] image) {
    int[] pixels = new int[image.length * scale * scale];
    int next = 0;
    for (int y = 0; y < height * scale; y++) {
      for (int x = 0; x < width * scale; x++) {
        int pixel = (y / scale * width + x / scale) * channels;
        for (int c = 0; c < channels; c++) {
          pixels[next++] = image[pixel + c] & 0xff;
        }
      }
    }
    return pixels;
  }

  /** The picture as a PNG file. */
  public byte[] png() {
    return png(draw());
  }

  /** One image as a PNG file, as large as it is and with nothing around it. */
  public static byte[] imagePng(float[] image, int height, int width, int channels) {
    return pixelsPng(pixels(image), height, width, channels);
  }

  /** {@link #imagePng} of unsigned bytes. */
  public static byte[] pixelsPng(byte[] image, int height, int width, int channels) {
    ImageGrid one = ofPixels(List.of(image), height, width, channels).withScale(1);
    return png(one.draw().getSubimage(GAP, GAP, width, height));
  }

  private static byte[] png(BufferedImage picture) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(picture, "png", bytes)) {
        throw new IllegalStateException("this Java has no PNG writer");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes the picture as a PNG file, over what was there; makes the folders that it needs.
   *
   * @throws IOException if the file cannot be written
   */
  public void write(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.write(file, png());
  }
}
