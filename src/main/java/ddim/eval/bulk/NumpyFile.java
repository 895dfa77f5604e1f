package ddim.eval.bulk;

import ddim.eval.WholeFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** Arrays of unsigned bytes in NumPy's format, version 1.0. */
final class NumpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

  /** Where the data begins, a multiple of this, as numpy writes it. */
  private static final int ALIGNMENT = 64;

  private static final String ENTRY = "arr_0.npy";
  private static final int BUFFER_BYTES = 1 << 16;

  /** The first moment that a zip file can say. */
  private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

  private NumpyFile() {}

  /** What stands before the data. */
  static byte[] header(long count, int height, int width, int channels) {
    String about =
        "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }"
            .formatted(count, height, width, channels);
    int before = MAGIC.length + Short.BYTES;
    int length = (before + about.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer header = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).putShort((short) (length - before));
    header.put(about.getBytes(StandardCharsets.US_ASCII));
    while (header.remaining() > 1) {
      header.put((byte) ' ');
    }
    return header.put((byte) '\n').array();
  }

  /** Called while a long work goes on. */
  @FunctionalInterface
  interface Pulse {
    void beat() throws IOException;
  }

  /**
   * Joins raw parts as the array {@code arr_0} of an npz file, whole or not at all: it comes to its
   * place when it is on the disk and has been read again.
   *
   * @param header of the array
   * @param parts its data in order
   * @param bytes of the data
   * @throws IOException if a part is missing or there are more or fewer bytes
   */
  static void writeNpz(Path file, byte[] header, List<Path> parts, long bytes, Pulse pulse)
      throws IOException {
    WholeFile.write(
        file,
        temporary -> {
          try (FileOutputStream raw = new FileOutputStream(temporary.toFile());
              ZipOutputStream zip =
                  new ZipOutputStream(new BufferedOutputStream(raw, BUFFER_BYTES))) {
            zip.setLevel(Deflater.BEST_SPEED);
            ZipEntry entry = new ZipEntry(ENTRY);
            entry.setTimeLocal(NO_TIME); // equal images, equal files
            zip.putNextEntry(entry);
            zip.write(header);
            for (Path part : parts) {
              Files.copy(part, zip);
              pulse.beat();
            }
            zip.closeEntry();
            zip.finish();
            zip.flush();
            raw.getFD().sync();
          }
          requireWhole(temporary, header, bytes, pulse);
        });
  }

  /**
   * Reads an npz file to its end, which compares its checksum.
   *
   * @throws IOException if it is damaged or of another header or number of bytes; names it
   */
  static void requireWhole(Path file, byte[] header, long bytes, Pulse pulse) throws IOException {
    try (ZipInputStream zip =
        new ZipInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES))) {
      ZipEntry entry = zip.getNextEntry();
      boolean isRight =
          entry != null
              && entry.getName().equals(ENTRY)
              && Arrays.equals(zip.readNBytes(header.length), header);
      long count = 0;
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = 0; isRight && n >= 0; n = zip.read(buffer)) {
        count += n;
        pulse.beat();
      }
      if (!isRight || count != bytes) {
        throw new IOException(
            file
                + (isRight
                    ? ": expected %d bytes, has %d".formatted(bytes, count)
                    : ": is of another array"));
      }
    } catch (EOFException | ZipException e) {
      throw new IOException(file + ": damaged: " + e.getMessage(), e);
    }
  }
}
