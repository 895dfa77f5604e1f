package ddim.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Grey images in the IDX format of MNIST, plain or compressed by gzip.
 *
 * <p>The format is a big-endian int32 0x00000803 (unsigned bytes, three dimensions), the number of
 * images, their rows and columns as int32, and then the pixels. All are held in memory.
 *
 * <p>Immutable.
 */
public final class IdxImages implements ImageSource {
  private static final int MAGIC = 0x0803;
  private static final int UNSIGNED_BYTE = 0x08;
  private static final int DIMENSIONS = 3;
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private final String name;
  private final String license;
  private final int size;
  private final int height;
  private final int width;
  private final byte[] pixels;
  private final byte @Nullable [] labels;
  private final List<String> classNames;

  private IdxImages(
      String name,
      String license,
      int[] shape,
      byte[] pixels,
      byte @Nullable [] labels,
      List<String> classNames) {
    this.name = name;
    this.license = license;
    this.size = shape[0];
    this.height = shape[1];
    this.width = shape[2];
    this.pixels = pixels;
    this.labels = labels;
    this.classNames = classNames;
  }

  /**
   * Reads a file; whether it is compressed is seen from its first bytes, not from its name.
   *
   * @param file the file
   * @param name the name of the data set
   * @param license the licence of the images, as an SPDX expression
   * @throws IOException if the file is missing, truncated or something else than images in the IDX
   *     format; the message names the file and what was expected
   */
  public static IdxImages read(Path file, String name, String license) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + ": expected IDX images, is a folder");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, file.toString(), name, license);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": expected IDX images, there is no such file", e);
    }
  }

  /**
   * Reads a stream to its end.
   *
   * @param raw where the bytes come from; not closed
   * @param origin what error messages call it
   * @param name the name of the data set
   * @param license the licence of the images, as an SPDX expression
   * @throws IOException as {@link #read(Path, String, String)}
   */
  static IdxImages read(InputStream raw, String origin, String name, String license)
      throws IOException {
    try {
      DataInputStream in = new DataInputStream(decompressed(new BufferedInputStream(raw, 1 << 16)));
      int[] shape = readShape(in, origin);
      return new IdxImages(name, license, shape, readPixels(in, origin, shape), null, List.of());
    } catch (EOFException e) {
      throw new IOException(origin + ": truncated: it ends inside its header or its gzip data", e);
    } catch (ZipException e) {
      throw new IOException(origin + ": damaged gzip data: " + e.getMessage(), e);
    }
  }

  static InputStream decompressed(InputStream in) throws IOException {
    in.mark(2);
    int first = in.read();
    int second = in.read();
    in.reset();
    return first == 0x1f && second == 0x8b ? new GZIPInputStream(in, 1 << 16) : in;
  }

  private static int[] readShape(DataInputStream in, String origin) throws IOException {
    int magic = in.readInt();
    if (magic != MAGIC) {
      throw new IOException(
          "%s: expected IDX images (magic 0x%08x: unsigned bytes, %d dimensions), %s"
              .formatted(origin, MAGIC, DIMENSIONS, describe(magic)));
    }
    int[] shape = {in.readInt(), in.readInt(), in.readInt()};
    for (int length : shape) {
      if (length < 1) {
        throw new IOException(
            "%s: expected at least one image of at least one pixel, the header says %s"
                .formatted(origin, describe(shape)));
      }
    }
    return shape;
  }

  private static String describe(int magic) {
    int type = magic >>> 8;
    int dimensions = magic & 0xff;
    if (type == UNSIGNED_BYTE && dimensions == 1) {
      return "its magic is 0x%08x: these are labels".formatted(magic);
    }
    return "its magic is 0x%08x".formatted(magic);
  }

  private static String describe(int[] shape) {
    return shape[0] + " images of " + shape[1] + "x" + shape[2];
  }

  /** Reads what the header promises, allocating no more than what is really there. */
  private static byte[] readPixels(InputStream in, String origin, int[] shape) throws IOException {
    long expected;
    try {
      expected = Math.multiplyExact(Math.multiplyExact((long) shape[0], shape[1]), shape[2]);
    } catch (ArithmeticException e) {
      expected = Long.MAX_VALUE;
    }
    if (expected > MAX_BYTES) {
      throw new IOException(
          "%s: the header says %s, which is more than %d bytes"
              .formatted(origin, describe(shape), MAX_BYTES));
    }
    byte[] pixels = in.readNBytes((int) expected);
    if (pixels.length < expected) {
      throw new IOException(
          "%s: truncated: the header says %s, which is %d bytes of pixels, there are %d"
              .formatted(origin, describe(shape), expected, pixels.length));
    }
    if (in.read() >= 0) {
      throw new IOException(
          "%s: mislabelled: the header says %s, which is %d bytes of pixels, there are more"
              .formatted(origin, describe(shape), expected));
    }
    return pixels;
  }

  /** The same images under another name and licence. */
  IdxImages named(String newName, String newLicense) {
    int[] shape = {size, height, width};
    return new IdxImages(newName, newLicense, shape, pixels, labels, classNames);
  }

  /**
   * The same images with their classes.
   *
   * @param newLabels one unsigned byte an image, not copied
   * @param newNames of the classes, by label; empty if they have none
   */
  IdxImages labelled(byte[] newLabels, List<String> newNames) {
    int[] shape = {size, height, width};
    return new IdxImages(name, license, shape, pixels, newLabels, newNames);
  }

  /** All pixels, image by image. Not to be written to. */
  byte[] pixels() {
    return pixels;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String license() {
    return license;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public int classes() {
    int highest = -1;
    for (byte label : labels == null ? new byte[0] : labels) {
      highest = Math.max(highest, label & 0xff);
    }
    return highest + 1;
  }

  @Override
  public int label(int index) {
    return labels == null ? ImageSource.super.label(index) : labels[index] & 0xff;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public void read(int index, byte[] into, int offset) {
    Objects.checkIndex(index, size);
    System.arraycopy(pixels, index * imageSize(), into, offset, imageSize());
  }
}
