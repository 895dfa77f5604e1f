package ddim.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageGridTest {
  private static final byte[] GREY = {10, 20, 30, 40, 50, (byte) 250}; // [2, 3, 1]

  @Test
  void pixelsAreRepeatedAndGapsAreTwoWide() {
    BufferedImage picture =
        ImageGrid.ofPixels(List.of(GREY, GREY, GREY), 2, 3, 1).withColumns(2).withScale(2).draw();

    assertThat(picture.getWidth()).isEqualTo(2 + 6 + 2 + 6 + 2);
    assertThat(picture.getHeight()).isEqualTo(2 + 4 + 2 + 4 + 2);
    assertThat(row(picture, 2))
        .containsExactly(
            255, 255, 10, 10, 20, 20, 30, 30, 255, 255, 10, 10, 20, 20, 30, 30, 255, 255);
    assertThat(row(picture, 3)).isEqualTo(row(picture, 2));
    assertThat(row(picture, 4)[7]).isEqualTo(250);
    assertThat(row(picture, 8))
        .containsExactly(
            255, 255, 10, 10, 20, 20, 30, 30, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);
  }

  @Test
  void coloursComeBackFromTheFileAsTheyWere(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("a folder/grid.png");
    byte[] colours = {1, 2, 3, (byte) 200, (byte) 201, (byte) 202}; // [1, 2, 3]

    ImageGrid.ofPixels(List.of(colours), 1, 2, 3).withScale(1).write(file);

    BufferedImage picture = ImageIO.read(file.toFile());
    assertThat(picture.getRGB(2, 2)).isEqualTo(0xff010203);
    assertThat(picture.getRGB(3, 2)).isEqualTo(0xffc8c9ca);
  }

  @Test
  void greyComesBackFromTheFileAsItWas() throws IOException {
    byte[] png = ImageGrid.ofPixels(List.of(GREY), 2, 3, 1).withScale(1).png();

    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(row(picture, 3)).containsExactly(255, 255, 40, 50, 250, 255, 255);
  }

  @Test
  void oneImageHasNothingAroundIt() throws IOException {
    byte[] png = ImageGrid.imagePng(new float[] {-1, 0, 1, 1, 0, -1}, 2, 3, 1);

    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(picture.getWidth()).isEqualTo(3);
    assertThat(picture.getHeight()).isEqualTo(2);
    assertThat(row(picture, 0)).containsExactly(0, 128, 255);
    assertThat(row(picture, 1)).containsExactly(255, 128, 0);
  }

  @Test
  void numbersFromMinusOneToOneBecomeBytes() {
    assertThat(ImageGrid.pixels(new float[] {-1, 0, 1, -1.5f, 2, -0.9961f, Float.NaN}))
        .containsExactly(0, 128, 255, 0, 255, 0, 0);
  }

  @ParameterizedTest(name = "{0} images in {1} columns")
  @CsvSource({"1, 1", "2, 2", "4, 2", "5, 3", "64, 8", "65, 9"})
  void aGridIsAsSquareAsItGets(int count, int columns) {
    BufferedImage picture =
        ImageGrid.ofPixels(Collections.nCopies(count, GREY), 2, 3, 1).withScale(1).draw();

    assertThat(picture.getWidth()).isEqualTo(2 + columns * (3 + 2));
  }

  @ParameterizedTest(name = "images {0} wide are enlarged {1} times")
  @CsvSource({"28, 2", "32, 2", "48, 1", "64, 1", "256, 1", "8, 6"})
  void smallImagesAreEnlarged(int width, int scale) {
    byte[] image = new byte[width];

    assertThat(ImageGrid.ofPixels(List.of(image), 1, width, 1).draw().getWidth())
        .isEqualTo(2 + width * scale + 2);
  }

  @Test
  void refusesWhatIsNoPicture() {
    assertThatThrownBy(() -> ImageGrid.ofPixels(List.of(), 2, 3, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a grid needs at least one image");
    assertThatThrownBy(() -> ImageGrid.ofPixels(List.of(GREY), 3, 3, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected images of 3x3x1, got one of 6 numbers");
    assertThatThrownBy(() -> ImageGrid.ofPixels(List.of(GREY), 1, 3, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a picture has 1 or 3 channels, not 2");
    assertThatThrownBy(() -> ImageGrid.ofPixels(List.of(GREY), 2, 3, 1).withColumns(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a grid needs at least one column, not 0");
    assertThatThrownBy(() -> ImageGrid.ofPixels(List.of(GREY), 2, 3, 1).withScale(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a pixel cannot be enlarged 0 times");
  }

  private static int[] row(BufferedImage picture, int y) {
    return picture.getRaster().getSamples(0, y, picture.getWidth(), 1, 0, (int[]) null);
  }
}
