package ddim.serve.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import ddim.nn.UNetConfig;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Images as bytes: PNG, and float32 little endian. */
public final class ImageCodec {
  private ImageCodec() {}

  /** Whether PNG has a kind of image for so many channels. */
  static boolean hasPng(int channels) {
    return channels == 1 || channels == 3;
  }

  /**
   * One PNG file, 8 bits a channel.
   *
   * @param image pixels in [-1, 1], height * width * channels; what is outside is clipped
   * @param shape of 1 or 3 channels
   */
  static ByteString png(float[] image, UNetConfig shape) {
    int type =
        shape.imageChannels() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR;
    BufferedImage picture = new BufferedImage(shape.width(), shape.height(), type);
    int[] pixels = new int[image.length];
    for (int i = 0; i < image.length; i++) {
      pixels[i] = Math.max(0, Math.min(255, Math.round((image[i] + 1) * 127.5f)));
    }
    // The raster takes red, green, blue, and grey as it is; setRGB would convert colour spaces.
    WritableRaster raster = picture.getRaster();
    raster.setPixels(0, 0, shape.width(), shape.height(), pixels);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      ImageIO.write(picture, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException("writing a PNG to memory", e);
    }
    return UnsafeByteOperations.unsafeWrap(bytes.toByteArray());
  }

  /** The numbers as they are, 4 bytes each. */
  public static ByteString raw(float[] image) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * image.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(image);
    return UnsafeByteOperations.unsafeWrap(bytes.array());
  }

  /** The inverse of {@link #raw}. */
  public static float[] fromRaw(ByteString bytes) {
    float[] image = new float[bytes.size() / Float.BYTES];
    bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(image);
    return image;
  }

  /**
   * The inverse of {@link #raw}, for bytes that anybody may have sent.
   *
   * @throws IllegalArgumentException if they are not an image of that shape, or not finite; the
   *     message goes on from the name of the field
   */
  static float[] fromRaw(ByteString bytes, UNetConfig shape) {
    int size = Float.BYTES * shape.imageSize();
    if (bytes.size() != size) {
      throw new IllegalArgumentException(
          "must be " + size + " bytes of float32, is " + bytes.size());
    }
    float[] image = fromRaw(bytes);
    for (float number : image) {
      if (!Float.isFinite(number)) {
        throw new IllegalArgumentException("must hold finite numbers, has " + number);
      }
    }
    return image;
  }

  /**
   * The pixels of a PNG file that anybody may have sent, in [-1, 1].
   *
   * @throws IllegalArgumentException if it is no PNG, or not one of that shape; the message goes on
   *     from the name of the field
   */
  static float[] fromPng(ByteString bytes, UNetConfig shape) {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(bytes.newInput())) {
      reader.setInput(in, true, true);
      requireShape(reader, shape); // before a small file becomes a large image
      return pixels(reader.read(0), shape);
    } catch (IOException | RuntimeException e) {
      throw e instanceof IllegalArgumentException illegal
          ? illegal
          : new IllegalArgumentException("must be a PNG file: " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }

  private static void requireShape(ImageReader reader, UNetConfig shape) throws IOException {
    int height = reader.getHeight(0);
    int width = reader.getWidth(0);
    if (height != shape.height() || width != shape.width()) {
      throw new IllegalArgumentException(
          "must be a PNG of %d x %d pixels (rows x columns), is of %d x %d"
              .formatted(shape.height(), shape.width(), height, width));
    }
  }

  private static float[] pixels(BufferedImage picture, UNetConfig shape) {
    int channels = shape.imageChannels();
    if (picture.getColorModel().hasAlpha()) {
      throw new IllegalArgumentException("must be a PNG without transparency");
    }
    float[] image = new float[shape.imageSize()];
    for (int i = 0; i < shape.height() * shape.width(); i++) {
      float[] colours = colours(picture, i % shape.width(), i / shape.width());
      if (channels == 1 && (colours[0] != colours[1] || colours[1] != colours[2])) {
        throw new IllegalArgumentException("must be a grey PNG");
      }
      for (int c = 0; c < channels; c++) {
        image[i * channels + c] = colours[c] / 127.5f - 1;
      }
    }
    return image;
  }

  /** Red, green and blue of a pixel, from 0 to 255; grey as it is, not as getRGB converts it. */
  private static float[] colours(BufferedImage picture, int x, int y) {
    boolean grey =
        picture.getRaster().getNumBands() == 1
            && !(picture.getColorModel() instanceof IndexColorModel);
    if (grey) {
      int most = (1 << picture.getColorModel().getComponentSize(0)) - 1;
      float level = picture.getRaster().getSample(x, y, 0) * 255f / most;
      return new float[] {level, level, level};
    }
    int rgb = picture.getRGB(x, y);
    return new float[] {(rgb >> 16) & 0xFF, (rgb >> 8) & 0xFF, rgb & 0xFF};
  }
}
