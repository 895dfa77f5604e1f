package ddim.data;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The batches of a training run: batch {@code step} is a function of the images, the batch size and
 * the seed alone, so that a resumed run needs to know nothing but its step.
 *
 * <p>Each epoch is a permutation of all images, drawn from (seed, epoch); its remainder fills the
 * first rows of the batch that begins the next epoch, so no image is left out.
 *
 * <p>Thread-safe.
 */
public final class Batches {
  private static final long PERMUTATION = 0x9e3779b97f4a7c15L;
  private static final long FLIP = 0xd1b54a32d192ed03L;

  private final ImageSource images;
  private final int batchSize;
  private final long seed;
  private final boolean flipping;

  /** The order of the epoch asked for last: computed again is the same, so losing it is no harm. */
  private volatile Epoch latest;

  private record Epoch(long number, int[] order) {}

  /**
   * Batches without flips.
   *
   * @param images the training images
   * @param batchSize images a batch, at least 1; may be more than there are images
   * @param seed decides the order
   * @throws IllegalArgumentException if the batch size is below 1 or a batch is more than an array
   *     can hold
   */
  public Batches(ImageSource images, int batchSize, long seed) {
    this(images, batchSize, seed, false);
  }

  private Batches(ImageSource images, int batchSize, long seed, boolean flipping) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size must be at least 1, is " + batchSize);
    }
    if ((long) batchSize * images.imageSize() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a batch of " + batchSize + " images of " + images.imageSize() + " bytes is too large");
    }
    this.images = images;
    this.batchSize = batchSize;
    this.seed = seed;
    this.flipping = flipping;
    this.latest = new Epoch(0, permutation(0));
  }

  /** The same batches, in which each image is mirrored left to right with probability 1/2. */
  public Batches withHorizontalFlips() {
    return new Batches(images, batchSize, seed, true);
  }

  /** The bytes of one batch. */
  public int batchBytes() {
    return batchSize * images.imageSize();
  }

  /**
   * Copies one batch. Its images are read on all processors: pictures have to be decoded.
   *
   * @param step which batch, from 0
   * @param into receives {@link #batchBytes()} bytes, [batchSize, height, width, channels]
   * @throws IllegalArgumentException if the step is negative or the array of another length
   */
  public void batch(long step, byte[] into) {
    if (step < 0 || into.length != batchBytes()) {
      throw new IllegalArgumentException(
          "expected a step from 0 and %d bytes, got step %d and %d bytes"
              .formatted(batchBytes(), step, into.length));
    }
    IntStream.range(0, batchSize)
        .parallel()
        .forEach(row -> read(step * batchSize + row, into, row * images.imageSize()));
  }

  private void read(long position, byte[] into, int offset) {
    images.read(index(position), into, offset);
    if (flipping && isFlipped(position)) {
      mirror(into, offset);
    }
  }

  /**
   * The classes of one batch's images.
   *
   * @param step which batch, from 0
   * @return one an image, in the order of {@link #batch}
   * @throws IllegalStateException if the images have no labels
   */
  public int[] labels(long step) {
    int[] labels = new int[batchSize];
    for (int row = 0; row < batchSize; row++) {
      labels[row] = images.label(index(step * batchSize + row));
    }
    return labels;
  }

  private int index(long position) {
    long number = position / images.size();
    Epoch epoch = latest;
    if (epoch.number != number) {
      epoch = new Epoch(number, permutation(number));
      latest = epoch;
    }
    return epoch.order[(int) (position % images.size())];
  }

  private int[] permutation(long epoch) {
    return Permutation.of(
        images.size(), new SplittableRandom(mix(mix(seed ^ PERMUTATION) + epoch)));
  }

  private boolean isFlipped(long position) {
    return mix(mix(seed ^ FLIP) + position) < 0;
  }

  /** The finaliser of MurmurHash3: neighbouring numbers become unrelated ones. */
  private static long mix(long z) {
    long a = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
    long b = (a ^ (a >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return b ^ (b >>> 33);
  }

  private void mirror(byte[] into, int offset) {
    int channels = images.channels();
    int rowBytes = images.width() * channels;
    for (int y = 0; y < images.height(); y++) {
      int start = offset + y * rowBytes;
      for (int left = 0, right = images.width() - 1; left < right; left++, right--) {
        for (int c = 0; c < channels; c++) {
          int i = start + left * channels + c;
          int j = start + right * channels + c;
          byte kept = into[i];
          into[i] = into[j];
          into[j] = kept;
        }
      }
    }
  }
}
