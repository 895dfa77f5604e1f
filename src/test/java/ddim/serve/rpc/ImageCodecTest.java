package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import ddim.nn.UNetConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ImageCodecTest {
  @Test
  void greyPixelsAreRoundedAndClampedAndNothingElse() throws IOException {
    float[] image = {-1, 1, 0, -3, 3, -1 + 1 / 127.5f, 0.25f, Float.NaN};

    BufferedImage picture = read(ImageCodec.png(image, shape(2, 4, 1)));

    int[] pixels = picture.getRaster().getPixels(0, 0, 4, 2, (int[]) null);
    assertThat(pixels).containsExactly(0, 255, 128, 0, 255, 1, 159, 0);
    assertThat(picture.getColorModel().getNumComponents()).isEqualTo(1);
  }

  @Test
  void colourPixelsAreRedGreenBlue() throws IOException {
    float[] image = {1, -1, -1, -1, 1, -1, -1, -1, 1, 1, 1, 1}; // red, green; blue, white

    BufferedImage picture = read(ImageCodec.png(image, shape(2, 2, 3)));

    assertThat(picture.getRGB(0, 0)).isEqualTo(0xFFFF0000);
    assertThat(picture.getRGB(1, 0)).isEqualTo(0xFF00FF00);
    assertThat(picture.getRGB(0, 1)).isEqualTo(0xFF0000FF);
    assertThat(picture.getRGB(1, 1)).isEqualTo(0xFFFFFFFF);
  }

  @Test
  void rawFloatsComeBackBitForBit() {
    float[] image = {0, -0f, 1, Float.MIN_VALUE, Float.MAX_VALUE, Float.NEGATIVE_INFINITY};

    assertThat(ImageCodec.raw(image).size()).isEqualTo(24);
    assertThat(ImageCodec.raw(image).substring(8, 12).toByteArray())
        .containsExactly(0, 0, 0x80, 0x3F); // 1, little endian
    assertThat(ImageCodec.fromRaw(ImageCodec.raw(image))).isEqualTo(image);
  }

  /** The number of images of a request is computed from the size of raw ones. */
  @Test
  void aPngOfNoiseIsNotLargerThanRawFloats() {
    for (int channels : new int[] {1, 3}) {
      for (int side : new int[] {1, 2, 28, 64}) {
        float[] noise = new float[side * side * channels];
        Random random = new Random(7);
        for (int i = 0; i < noise.length; i++) {
          noise[i] = (float) random.nextGaussian();
        }
        assertThat(ImageCodec.png(noise, shape(side, side, channels)).size())
            .isLessThan(4 * noise.length + 200);
      }
    }
  }

  @Test
  void pngPixelsComeBackAsTheyWere() {
    for (int channels : new int[] {1, 3}) {
      float[] image = new float[4 * 4 * channels];
      for (int i = 0; i < image.length; i++) {
        image[i] = 5 * i / 127.5f - 1;
      }
      assertThat(
              ImageCodec.fromPng(
                  ImageCodec.png(image, shape(4, 4, channels)), shape(4, 4, channels)))
          .containsExactly(image);
    }
  }

  @Test
  void greyPngsOfAnyDepthAreTakenAsTheyAre() throws IOException {
    BufferedImage wide = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    wide.getRaster().setPixels(0, 0, 2, 1, new int[] {65535, 0});
    BufferedImage bits = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
    bits.getRaster().setPixels(0, 0, 2, 1, new int[] {0, 1});

    assertThat(ImageCodec.fromPng(write(wide), shape(1, 2, 1))).containsExactly(1, -1);
    assertThat(ImageCodec.fromPng(write(wide), shape(1, 2, 3)))
        .containsExactly(1, 1, 1, -1, -1, -1);
    assertThat(ImageCodec.fromPng(write(bits), shape(1, 2, 1))).containsExactly(-1, 1);
  }

  @Test
  void whatIsNotAnImageOfTheModelIsSaidSo() throws IOException {
    ByteString colour = ImageCodec.png(new float[] {1, -1, -1}, shape(1, 1, 3));
    ByteString clear = write(new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB));
    ByteString torn = colour.substring(0, colour.size() / 2);

    assertThatThrownBy(() -> ImageCodec.fromPng(colour, shape(2, 1, 3)))
        .hasMessage("must be a PNG of 2 x 1 pixels (rows x columns), is of 1 x 1");
    assertThatThrownBy(() -> ImageCodec.fromPng(colour, shape(1, 1, 1)))
        .hasMessage("must be a grey PNG");
    assertThatThrownBy(() -> ImageCodec.fromPng(clear, shape(1, 1, 3)))
        .hasMessage("must be a PNG without transparency");
    assertThatThrownBy(() -> ImageCodec.fromPng(torn, shape(1, 1, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("must be a PNG file");
    assertThatThrownBy(() -> ImageCodec.fromPng(ByteString.EMPTY, shape(1, 1, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("must be a PNG file");
    assertThatThrownBy(() -> ImageCodec.fromRaw(ByteString.EMPTY, shape(1, 1, 3)))
        .hasMessage("must be 12 bytes of float32, is 0");
    assertThatThrownBy(
            () -> ImageCodec.fromRaw(ImageCodec.raw(new float[] {Float.NaN}), shape(1, 1, 1)))
        .hasMessage("must hold finite numbers, has NaN");
  }

  private static ByteString write(BufferedImage picture) throws IOException {
    ByteString.Output bytes = ByteString.newOutput();
    ImageIO.write(picture, "png", bytes);
    return bytes.toByteString();
  }

  private static BufferedImage read(ByteString png) throws IOException {
    return ImageIO.read(png.newInput());
  }

  private static UNetConfig shape(int height, int width, int channels) {
    return new UNetConfig(height, width, channels, 4, List.of(1), 1, List.of(), 0, 4);
  }
}
