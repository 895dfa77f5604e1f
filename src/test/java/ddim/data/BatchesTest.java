package ddim.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchesTest {
  @ParameterizedTest(name = "{0} images in batches of {1}")
  @CsvSource({"10, 5", "10, 3", "10, 1", "10, 25", "1, 4"})
  void everyEpochHasEveryImageOnce(int size, int batchSize) {
    Batches batches = new Batches(new Numbered(size, 1, 1), batchSize, 7);

    List<Integer> seen = indices(batches, (4 * size + batchSize - 1) / batchSize);

    for (int epoch = 0; epoch < 4; epoch++) {
      assertThat(seen.subList(epoch * size, (epoch + 1) * size))
          .containsExactlyInAnyOrderElementsOf(IntStream.range(0, size).boxed().toList());
    }
  }

  @Test
  void everyEpochAndEverySeedHasAnOrderOfItsOwn() {
    List<Integer> two = indices(new Batches(new Numbered(100, 1, 1), 100, 7), 2);
    List<Integer> other = indices(new Batches(new Numbered(100, 1, 1), 100, 8), 1);

    assertThat(two.subList(0, 100)).isNotEqualTo(two.subList(100, 200)).isNotEqualTo(other);
  }

  @Test
  void aBatchDependsOnItsStepAlone() {
    Batches inOrder = new Batches(new Numbered(10, 4, 4), 4, 7).withHorizontalFlips();
    Batches backwards = new Batches(new Numbered(10, 4, 4), 4, 7).withHorizontalFlips();

    List<byte[]> expected = IntStream.range(0, 20).mapToObj(step -> batch(inOrder, step)).toList();

    for (int step = 19; step >= 0; step--) {
      assertThat(batch(backwards, step)).isEqualTo(expected.get(step));
    }
  }

  /** Pinned: a run that one version began and another resumes must go on with the same images. */
  @Test
  void theOrderOfASeedIsFixedForGood() {
    assertThat(indices(new Batches(new Numbered(10, 1, 1), 10, 0), 1))
        .containsExactly(4, 2, 3, 1, 5, 9, 7, 6, 0, 8);
  }

  @Test
  void everyPlaceIsEquallyLikely() {
    int[] first = new int[5];
    Batches batches = new Batches(new Numbered(5, 1, 1), 5, 3);
    for (int epoch = 0; epoch < 10_000; epoch++) {
      first[batch(batches, epoch)[0]]++;
    }

    for (int count : first) {
      assertThat((double) count).isCloseTo(2000, withPercentage(10));
    }
  }

  @Test
  void withoutFlipsImagesAreAsTheyAre() {
    Batches batches = new Batches(new Numbered(50, 2, 3), 50, 7);

    assertThat(flips(batch(batches, 0), 50, 2, 3)).doesNotContain(true);
  }

  @Test
  void aFlipMirrorsWholePixelsOfEveryRow() {
    byte[] batch = batch(new Batches(new Numbered(50, 2, 3), 50, 7).withHorizontalFlips(), 0);

    assertThat(flips(batch, 50, 2, 3)).contains(true, false);
  }

  @Test
  void halfOfAllImagesAreFlippedAndNotAlwaysTheSame() {
    int size = 1000;
    Batches batches = new Batches(new Numbered(size, 2, 3), size, 7).withHorizontalFlips();

    long flipped =
        IntStream.range(0, 10)
            .mapToLong(
                step ->
                    flips(batch(batches, step), size, 2, 3).stream().filter(flip -> flip).count())
            .sum();

    assertThat((double) flipped).isCloseTo(5000, withPercentage(5));
    assertThat(flips(batch(batches, 0), size, 2, 3))
        .isNotEqualTo(flips(batch(batches, 1), size, 2, 3));
  }

  @Test
  void refusesWhatCannotBeABatch() {
    ImageSource images = new Numbered(10, 4, 4);

    assertThatThrownBy(() -> new Batches(images, 0, 7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batch size must be at least 1, is 0");
    assertThatThrownBy(() -> new Batches(images, Integer.MAX_VALUE, 7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a batch of 2147483647 images of 48 bytes is too large");
    assertThatThrownBy(() -> new Batches(images, 2, 7).batch(-1, new byte[96]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected a step from 0 and 96 bytes, got step -1 and 96 bytes");
  }

  private static byte[] batch(Batches batches, long step) {
    byte[] into = new byte[batches.batchBytes()];
    batches.batch(step, into);
    return into;
  }

  /** The index that each row of some batches of one-pixel images carries in its first byte. */
  private static List<Integer> indices(Batches batches, int steps) {
    List<Integer> seen = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      byte[] batch = batch(batches, step);
      for (int i = 0; i < batch.length; i += 3) {
        seen.add(batch[i] & 0xff);
      }
    }
    return seen;
  }

  /** Which rows are mirrored; fails if one is neither as it was nor mirrored. */
  private static List<Boolean> flips(byte[] batch, int rows, int height, int width) {
    List<Boolean> flips = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int offset = row * height * width * 3;
      boolean flipped = batch[offset + 1] != 0;
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int pixel = offset + (y * width + x) * 3;
          assertThat(batch[pixel + 1]).isEqualTo((byte) (flipped ? width - 1 - x : x));
          assertThat(batch[pixel + 2]).isEqualTo((byte) y);
        }
      }
      flips.add(flipped);
    }
    return flips;
  }

  /** Colour images whose pixels are (index of the image, column, row). */
  private record Numbered(int size, int height, int width) implements ImageSource {
    @Override
    public String name() {
      return "numbered";
    }

    @Override
    public String license() {
      return "CC0-1.0";
    }

    @Override
    public int channels() {
      return 3;
    }

    @Override
    public void read(int index, byte[] into, int offset) {
      for (int pixel = 0; pixel < height * width; pixel++) {
        into[offset + 3 * pixel] = (byte) index;
        into[offset + 3 * pixel + 1] = (byte) (pixel % width);
        into[offset + 3 * pixel + 2] = (byte) (pixel / width);
      }
    }
  }
}
