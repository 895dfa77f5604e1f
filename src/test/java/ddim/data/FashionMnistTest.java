package ddim.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionMnistTest {
  @TempDir Path folder;

  @Test
  void theBundledImagesAreTheTenThousandOfTheTestSet() {
    ImageSource images = FashionMnist.bundled();

    assertThat(images.name()).isEqualTo("fashion-mnist");
    assertThat(images.license()).isEqualTo("MIT");
    assertThat(images.size()).isEqualTo(10_000);
    assertThat(new int[] {images.height(), images.width(), images.channels()})
        .containsExactly(28, 28, 1);
    assertThat(mean(images)).isBetween(73.0, 73.3); // 0.2868 of 255
  }

  @Test
  void otherImagesUnderTheSameFileNameAreNotCalledFashionMnist() throws IOException {
    Path digits = Files.createDirectory(folder.resolve("digits"));
    Files.write(digits.resolve("train-images-idx3-ubyte"), IdxImagesTest.idx(0x0803, 3, 2, 4, 24));

    ImageSource images = FashionMnist.in(digits);

    assertThat(images.size()).isEqualTo(3);
    assertThat(images.name()).isEqualTo("digits");
    assertThat(images.license()).isEqualTo("NOASSERTION");
  }

  @Test
  void labelsBesideTheImagesAreTheirClasses() throws IOException {
    Files.write(folder.resolve("t10k-images-idx3-ubyte"), IdxImagesTest.idx(0x0803, 3, 2, 4, 24));
    Files.write(
        folder.resolve("t10k-labels-idx1-ubyte"), new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 2, 9, 0});

    ImageSource images = FashionMnist.testIn(folder);

    assertThat(images.classes()).isEqualTo(10);
    assertThat(new int[] {images.label(0), images.label(1), images.label(2)})
        .containsExactly(2, 9, 0);
    assertThat(new Batches(images, 5, 1).labels(0)).contains(2, 9, 0);
  }

  @Test
  void labelsOfAnotherNumberThanImagesAreRefused() throws IOException {
    Files.write(folder.resolve("t10k-images-idx3-ubyte"), IdxImagesTest.idx(0x0803, 3, 2, 4, 24));
    Path labels = folder.resolve("t10k-labels-idx1-ubyte");
    Files.write(labels, new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 2, 9});

    assertThatThrownBy(() -> FashionMnist.testIn(folder))
        .hasMessage(labels + ": the header says 2 labels, there are 3 images");

    Files.write(labels, new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 2, 9});
    assertThatThrownBy(() -> FashionMnist.testIn(folder))
        .hasMessage(labels + ": the header says 3 labels, there are 2");
  }

  @Test
  void imagesWithoutLabelsHaveNoClasses() throws Exception {
    Path file = folder.resolve("train-images-idx3-ubyte");
    Files.write(file, new byte[] {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7});
    ImageSource images = FashionMnist.in(folder);

    assertThat(images.classes()).isZero();
    assertThat(images.classNames()).isEmpty();
    assertThatThrownBy(() -> images.label(0))
        .hasMessage("the images of " + folder.getFileName() + " have no labels");
  }

  @Test
  void theBundledImagesHaveTheirClasses() {
    ImageSource images = FashionMnist.bundled();

    assertThat(images.classes()).isEqualTo(10);
    assertThat(images.classNames().get(images.label(0))).isEqualTo("ankle boot");
    assertThat(images.classNames().get(images.label(1))).isEqualTo("pullover");
  }

  @Test
  void aFolderWithoutTheImagesIsNamed() {
    assertThatThrownBy(() -> FashionMnist.in(folder))
        .isInstanceOf(IOException.class)
        .hasMessage(
            folder
                + ": expected a folder with train-images-idx3-ubyte or"
                + " train-images-idx3-ubyte.gz, it has neither");
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> FashionMnist.in(folder.resolve("none")))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(folder.resolve("none").toString())
        .hasMessageEndingWith("there is no such folder");
  }

  private static double mean(ImageSource images) {
    byte[] image = new byte[images.imageSize()];
    long sum = 0;
    for (int i = 0; i < images.size(); i++) {
      images.read(i, image, 0);
      for (byte pixel : image) {
        sum += pixel & 0xff;
      }
    }
    return (double) sum / images.size() / images.imageSize();
  }
}
