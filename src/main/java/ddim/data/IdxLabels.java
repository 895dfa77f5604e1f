package ddim.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipException;

/**
 * Labels in the IDX format of MNIST, plain or compressed by gzip: a big-endian int32 0x00000801,
 * the number of labels as int32, then one unsigned byte each.
 */
final class IdxLabels {
  private static final int MAGIC = 0x0801;

  private IdxLabels() {}

  /**
   * Reads a file.
   *
   * @param expected how many labels there must be
   * @return one unsigned byte an image
   * @throws IOException if it is truncated, something else or of another number; the message names
   *     the file and what was expected
   */
  static byte[] read(Path file, int expected) throws IOException {
    try (InputStream raw = Files.newInputStream(file)) {
      return read(raw, file.toString(), expected);
    }
  }

  /** Reads a stream, which errors call {@code file}; not closed. */
  static byte[] read(InputStream raw, String file, int expected) throws IOException {
    try {
      DataInputStream in =
          new DataInputStream(IdxImages.decompressed(new BufferedInputStream(raw, 1 << 16)));
      int magic = in.readInt();
      if (magic != MAGIC) {
        throw new IOException(
            "%s: expected IDX labels (magic 0x%08x), its magic is 0x%08x"
                .formatted(file, MAGIC, magic));
      }
      int count = in.readInt();
      if (count != expected) {
        throw new IOException(
            "%s: the header says %d labels, there are %d images".formatted(file, count, expected));
      }
      byte[] labels = in.readNBytes(count);
      if (labels.length < count || in.read() >= 0) {
        throw new IOException(
            "%s: the header says %d labels, there are %s"
                .formatted(file, count, labels.length < count ? labels.length : "more"));
      }
      return labels;
    } catch (EOFException e) {
      throw new IOException(file + ": truncated: it ends inside its header or its gzip data", e);
    } catch (ZipException e) {
      throw new IOException(file + ": damaged gzip data: " + e.getMessage(), e);
    }
  }
}
