package ddim.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.data.ImageFolder.Unreadable;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of pictures as training images. */
class PictureFolderTest {
  /** One grey pixel, lossy. */
  private static final String WEBP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";

  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();

  @Test
  void aPixelIsTheMeanOfTheAreaThatItCovers() throws Exception {
    BufferedImage picture = new BufferedImage(6, 4, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 6; x++) {
        picture.setRGB(x, y, (10 * x) << 16 | (20 * y) << 8 | 7); // cut: columns 1 to 4
      }
    }
    ImageIO.write(picture, "png", folder.resolve("a.png").toFile());
    ImageSource images = open(2, 2, 3, Unreadable.REFUSE);

    assertThat(pixels(images, 0)).containsExactly(15, 10, 7, 35, 10, 7, 15, 50, 7, 35, 50, 7);
    assertThat(pixels(open(2, 2, 1, Unreadable.REFUSE), 0))
        .containsExactly(11, 17, 35, 41); // 0.299 r + 0.587 g + 0.114 b
  }

  @Test
  void partOfAPixelCountsAsThatPart() throws Exception {
    BufferedImage picture = new BufferedImage(3, 3, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 9; i++) {
      picture.getRaster().setSample(i % 3, i / 3, 0, 30 * (i % 3));
    }
    ImageIO.write(picture, "png", folder.resolve("a.png").toFile());

    assertThat(pixels(open(2, 2, 1, Unreadable.REFUSE), 0)).containsExactly(10, 50, 10, 50);
  }

  @Test
  void readsWebpAndJpegAndTakesSubfoldersForClasses() throws Exception {
    Files.createDirectories(folder.resolve("dots"));
    Files.createDirectories(folder.resolve("areas"));
    Files.write(folder.resolve("dots/one.webp"), Base64.getDecoder().decode(WEBP));
    BufferedImage picture = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    ImageIO.write(picture, "jpg", folder.resolve("areas/BLACK.JPG").toFile());
    ImageSource images = ImageSources.in(folder, 4, 4, 3, Unreadable.REFUSE, warnings::add);

    assertThat(images.size()).isEqualTo(2);
    assertThat(images.classNames()).containsExactly("areas", "dots");
    assertThat(List.of(images.label(0), images.label(1))).containsExactly(0, 1);
    assertThat(pixels(images, 0)).containsOnly(0);
    assertThat(pixels(images, 1)).hasSize(48);
  }

  @Test
  void theFirstShuffledPicturesAreOfEveryClass() throws Exception {
    BufferedImage picture = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 40; i++) {
      Path file = folder.resolve(i < 20 ? "areas" : "dots").resolve(i + ".png");
      Files.createDirectories(file.getParent());
      picture.setRGB(0, 0, i);
      ImageIO.write(picture, "png", file.toFile());
    }
    ImageSource images = new ShuffledImages(open(2, 2, 3, Unreadable.REFUSE));

    List<Integer> found = new ArrayList<>();
    int dots = 0;
    for (int i = 0; i < 40; i++) {
      int number = pixels(images, i)[2];
      assertThat(images.label(i)).isEqualTo(number / 20);
      found.add(number);
      dots += i < 12 ? images.label(i) : 0;
    }
    assertThat(dots).isBetween(3, 9);
    assertThat(found).doesNotHaveDuplicates();
  }

  @Test
  void filesThatCannotBeReadAreNamedAndRefusedOrSkipped() throws Exception {
    BufferedImage picture = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
    picture.setRGB(0, 0, 0x010203);
    ImageIO.write(picture, "png", folder.resolve("b.png").toFile());
    Path damaged = folder.resolve("a.png");
    byte[] bytes = Files.readAllBytes(folder.resolve("b.png"));
    Files.write(damaged, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    Files.writeString(folder.resolve("c.jpg"), "no picture");

    assertThatThrownBy(() -> pixels(open(2, 2, 3, Unreadable.REFUSE), 0))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith(damaged + ": not a picture");
    ImageSource skipping = open(2, 2, 3, Unreadable.SKIP);
    assertThat(pixels(skipping, 0)).isEqualTo(pixels(skipping, 1)).startsWith(1, 2, 3);
    assertThat(pixels(skipping, 2)).isEqualTo(pixels(skipping, 1));
    pixels(skipping, 0);
    assertThat(warnings).hasSize(2);
    assertThat(warnings.get(0)).startsWith("skipped: " + damaged + ": not a picture");
    assertThat(warnings.get(1))
        .startsWith("skipped: " + folder.resolve("c.jpg") + ": not a picture")
        .endsWith("its format is none of .png, .jpg, .jpeg, .webp");
  }

  @Test
  void aSmallFileThatClaimsToBeALargePictureIsRefusedByName() throws Exception {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    ByteBuffer header = ByteBuffer.allocate(17).put("IHDR".getBytes(StandardCharsets.US_ASCII));
    header.putInt(20_000).putInt(10_000).put(new byte[] {8, 2, 0, 0, 0});
    CRC32 sum = new CRC32();
    sum.update(header.array());
    png.writeBytes(ByteBuffer.allocate(4).putInt(13).array());
    png.writeBytes(header.array());
    png.writeBytes(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
    Path bomb = Files.write(folder.resolve("bomb.png"), png.toByteArray());

    ImageSource images = open(4, 4, 3, Unreadable.REFUSE);

    assertThatThrownBy(() -> pixels(images, 0))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(bomb.toString())
        .hasMessageContaining("at most 64,000,000 pixels, has 20,000 x 10,000");
  }

  @Test
  void aFolderOfSomethingElseIsToldWhatIsExpected() {
    assertThatThrownBy(() -> ImageSources.in(folder, 2, 2, 3, Unreadable.REFUSE, warnings::add))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage(
            folder
                + ": expected a folder with train-images-idx3-ubyte (or .gz), data_batch_1.bin, or"
                + " files that end with .png, .jpg, .jpeg or .webp; it has none of them");
  }

  @Test
  void cifarRecordsAreLabelsAndPlanes() throws Exception {
    byte[] file = new byte[30_730_000];
    file[3073] = 9; // the second record: a truck
    file[3074] = 1; // red
    file[3074 + 1024] = 2; // green
    file[3074 + 2048] = 3; // blue
    for (int i = 1; i <= 5; i++) {
      Files.write(folder.resolve("data_batch_" + i + ".bin"), file);
    }
    ImageSource images = ImageSources.in(folder, 32, 32, 3, Unreadable.REFUSE, warnings::add);

    assertThat(images.size()).isEqualTo(50_000);
    assertThat(images.classNames().get(images.label(40_001))).isEqualTo("truck");
    assertThat(pixels(images, 40_001)).startsWith(1, 2, 3, 0);
    assertThat(ImageSources.testIn(folder)).isEmpty();
    file[3073] = 8;
    Files.write(folder.resolve("test_batch.bin"), file);
    ImageSource test = ImageSources.testIn(folder).orElseThrow();
    assertThat(test.size()).isEqualTo(10_000);
    assertThat(test.classNames().get(test.label(1))).isEqualTo("ship");
    assertThat(pixels(test, 1)).startsWith(1, 2, 3, 0);
    Files.write(folder.resolve("data_batch_2.bin"), new byte[5]);
    assertThatThrownBy(() -> Cifar10.in(folder))
        .isInstanceOf(IOException.class)
        .hasMessage(
            folder.resolve("data_batch_2.bin")
                + ": expected 10000 records of 3073 bytes, 30730000 bytes; there are 5");
  }

  private ImageSource open(int height, int width, int channels, Unreadable unreadable)
      throws IOException {
    return ImageFolder.in(folder, height, width, channels, unreadable, warnings::add);
  }

  private static int[] pixels(ImageSource images, int index) {
    byte[] bytes = new byte[images.imageSize()];
    images.read(index, bytes, 0);
    int[] pixels = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      pixels[i] = bytes[i] & 0xff;
    }
    return pixels;
  }
}
