package ddim.serve;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import ddim.nn.UNetConfig;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Images as bytes: PNG, and float32 little endian. */
final class ImageCodec {
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
  static ByteString raw(float[] image) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * image.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(image);
    return UnsafeByteOperations.unsafeWrap(bytes.array());
  }

  /** The inverse of {@link #raw}. */
  static float[] fromRaw(ByteString bytes) {
    float[] image = new float[bytes.size() / Float.BYTES];
    bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(image);
    return image;
  }
}
