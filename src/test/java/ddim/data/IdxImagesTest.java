package ddim.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdxImagesTest {
  private static final int IMAGES = 0x0803;

  @TempDir Path folder;

  @ParameterizedTest(name = "gzip: {0}")
  @ValueSource(booleans = {false, true})
  void readsImagesPlainAndCompressed(boolean gzip) throws IOException {
    byte[] content = idx(IMAGES, 3, 2, 4, 24);
    Path file = write(gzip ? gzip(content) : content);

    IdxImages images = IdxImages.read(file, "clothes", "MIT");

    assertThat(images.name()).isEqualTo("clothes");
    assertThat(images.license()).isEqualTo("MIT");
    assertThat(new int[] {images.size(), images.height(), images.width(), images.channels()})
        .containsExactly(3, 2, 4, 1);
    byte[] into = new byte[10];
    images.read(2, into, 1);
    assertThat(into).containsExactly(0, 16, 17, 18, 19, 20, 21, 22, 23, 0);
  }

  @Test
  void refusesAnIndexThatIsNotThere() throws IOException {
    IdxImages images = IdxImages.read(write(idx(IMAGES, 3, 2, 4, 24)), "clothes", "MIT");

    assertThatThrownBy(() -> images.read(3, new byte[8], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aMissingFileIsNamed() {
    assertRefused(folder.resolve("none"), "expected IDX images, there is no such file");
  }

  @Test
  void aFolderIsNamed() {
    assertRefused(folder, "expected IDX images, is a folder");
  }

  @ParameterizedTest(name = "{0} bytes of pixels")
  @CsvSource({
    "23, 'truncated: the header says 3 images of 2x4, which is 24 bytes of pixels, there are 23'",
    "25, 'mislabelled: the header says 3 images of 2x4, which is 24 bytes of pixels, there are"
        + " more'"
  })
  void aFileOfAnotherLengthThanItsHeaderSaysIsNamed(int bytes, String message) throws IOException {
    assertRefused(write(idx(IMAGES, 3, 2, 4, bytes)), message);
    assertRefused(write(gzip(idx(IMAGES, 3, 2, 4, bytes))), message);
  }

  @ParameterizedTest(name = "the first {0} bytes")
  @ValueSource(ints = {0, 3, 15})
  void aFileThatEndsInItsHeaderIsNamed(int bytes) throws IOException {
    assertRefused(
        write(Arrays.copyOf(idx(IMAGES, 3, 2, 4, 24), bytes)),
        "truncated: it ends inside its header or its gzip data");
  }

  @Test
  void gzipDataThatEndsTooSoonIsNamed() throws IOException {
    byte[] whole = gzip(idx(IMAGES, 3, 2, 4, 24));

    assertRefused(
        write(Arrays.copyOf(whole, whole.length - 12)),
        "truncated: it ends inside its header or its gzip data");
  }

  @Test
  void damagedGzipDataIsNamed() throws IOException {
    byte[] damaged = gzip(idx(IMAGES, 300, 2, 4, 2400));
    damaged[damaged.length - 6] ^= 1; // the checksum

    assertRefused(write(damaged), "damaged gzip data: Corrupt GZIP trailer");
  }

  @Test
  void labelsAreNotImages() throws IOException {
    assertRefused(
        write(idx(0x0801, 3, 2, 4, 24)),
        "expected IDX images (magic 0x00000803: unsigned bytes, 3 dimensions), its magic is"
            + " 0x00000801: these are labels");
  }

  @Test
  void otherFilesAreNotImages() throws IOException {
    assertRefused(
        write(new byte[] {0x50, 0x4b, 3, 4, 0, 0, 0, 0}),
        "expected IDX images (magic 0x00000803: unsigned bytes, 3 dimensions), its magic is"
            + " 0x504b0304");
  }

  @ParameterizedTest(name = "{0} images of {1}x{2}")
  @CsvSource({"0, 28, 28", "1, 0, 28", "1, 28, -1"})
  void aHeaderWithoutPixelsIsNamed(int size, int height, int width) throws IOException {
    assertRefused(
        write(idx(IMAGES, size, height, width, 10)),
        "expected at least one image of at least one pixel, the header says %d images of %dx%d"
            .formatted(size, height, width));
  }

  @ParameterizedTest(name = "{0} images of {1}x{2}")
  @CsvSource({"2147483647, 1, 1", "2147483647, 2147483647, 2147483647", "65536, 65536, 1"})
  void aHeaderThatPromisesTooMuchIsNamed(int size, int height, int width) throws IOException {
    assertRefused(
        write(idx(IMAGES, size, height, width, 10)),
        "the header says %d images of %dx%d, which is more than 2147483639 bytes"
            .formatted(size, height, width));
  }

  @Test
  void aHeaderIsNotTrustedForAllocation() throws IOException {
    long free = Runtime.getRuntime().maxMemory();
    int claimed = (int) Math.min(free - 1, 2_147_483_639L);

    assertRefused(
        write(idx(IMAGES, claimed, 1, 1, 10)),
        "truncated: the header says %d images of 1x1, which is %d bytes of pixels, there are 10"
            .formatted(claimed, claimed));
  }

  private void assertRefused(Path file, String message) {
    assertThatThrownBy(() -> IdxImages.read(file, "clothes", "MIT"))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": " + message);
  }

  private Path write(byte[] content) throws IOException {
    return Files.write(folder.resolve("images"), content);
  }

  /** A header, and so many pixels 0, 1, 2 and so on. */
  static byte[] idx(int magic, int size, int height, int width, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(16 + bytes);
    buffer.putInt(magic).putInt(size).putInt(height).putInt(width);
    for (int i = 0; i < bytes; i++) {
      buffer.put((byte) i);
    }
    return buffer.array();
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }
}
