package ddim.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * CIFAR-10 in its binary version: colour images of 32x32 pixels in ten classes, 50,000 to train on
 * and 10,000 to test with (Krizhevsky, Learning Multiple Layers of Features from Tiny Images,
 * 2009).
 *
 * <p>A file is 10,000 records of one byte label and three planes of 1024 bytes, red, green, blue.
 * All are held in memory. Immutable.
 */
public final class Cifar10 implements ImageSource {
  /** The file by which a folder is known. */
  static final String FIRST_FILE = "data_batch_1.bin";

  /** The file with the test images. */
  static final String TEST_FILE = "test_batch.bin";

  private static final String NAME = "cifar10";
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;
  private static final int CHANNELS = 3;
  private static final int RECORD = 1 + CHANNELS * PLANE;
  private static final int RECORDS = 10_000;
  private static final int FILES = 5;
  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private final byte[][] files;

  private Cifar10(byte[][] files) {
    this.files = files;
  }

  /**
   * Reads the training images.
   *
   * @param folder with data_batch_1.bin to data_batch_5.bin
   * @throws IOException if a file is missing, of another size or has other labels; the message
   *     names it
   */
  public static ImageSource in(Path folder) throws IOException {
    byte[][] files = new byte[FILES][];
    for (int i = 0; i < FILES; i++) {
      Path file = folder.resolve("data_batch_" + (i + 1) + ".bin");
      if (!Files.isRegularFile(file)) {
        throw new FileNotFoundException(file + ": missing; CIFAR-10 has five such files");
      }
      files[i] = records(file);
    }
    return new Cifar10(files);
  }

  /**
   * Reads the test images.
   *
   * @param folder with test_batch.bin
   * @throws IOException as {@link #in}
   */
  static ImageSource testIn(Path folder) throws IOException {
    return new Cifar10(new byte[][] {records(folder.resolve(TEST_FILE))});
  }

  private static byte[] records(Path file) throws IOException {
    long size = Files.size(file);
    if (size != (long) RECORDS * RECORD) {
      throw new IOException(
          "%s: expected %d records of %d bytes, %d bytes; there are %d"
              .formatted(file, RECORDS, RECORD, RECORDS * RECORD, size));
    }
    byte[] bytes = Files.readAllBytes(file);
    for (int record = 0; record < RECORDS; record++) {
      int label = bytes[record * RECORD] & 0xff;
      if (label >= CLASSES.size()) {
        throw new IOException(
            "%s: record %d has the label %d, labels are 0 to 9".formatted(file, record, label));
      }
    }
    return bytes;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String license() {
    return NO_LICENSE_STATED;
  }

  @Override
  public int size() {
    return files.length * RECORDS;
  }

  @Override
  public int height() {
    return SIDE;
  }

  @Override
  public int width() {
    return SIDE;
  }

  @Override
  public int channels() {
    return CHANNELS;
  }

  @Override
  public void read(int index, byte[] into, int offset) {
    Objects.checkIndex(index, size());
    Objects.checkFromIndexSize(offset, imageSize(), into.length);
    byte[] file = files[index / RECORDS];
    int start = index % RECORDS * RECORD + 1;
    for (int pixel = 0; pixel < PLANE; pixel++) {
      for (int c = 0; c < CHANNELS; c++) {
        into[offset + pixel * CHANNELS + c] = file[start + c * PLANE + pixel];
      }
    }
  }

  @Override
  public int classes() {
    return CLASSES.size();
  }

  @Override
  public int label(int index) {
    Objects.checkIndex(index, size());
    return files[index / RECORDS][index % RECORDS * RECORD] & 0xff;
  }

  @Override
  public List<String> classNames() {
    return CLASSES;
  }
}
