package ddim.eval.bulk;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Arrays of unsigned bytes in NumPy's format, version 1.0. */
final class NumpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

  /** Where the data begins, a multiple of this, as numpy writes it. */
  private static final int ALIGNMENT = 64;

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

  /**
   * Joins raw parts as the array {@code arr_0} of an npz file, whole or not at all.
   *
   * @param header of the array
   * @param parts its data in order
   */
  static void writeNpz(Path file, byte[] header, List<Path> parts) throws IOException {
    String name = "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part";
    Path temporary = file.resolveSibling(name);
    try {
      try (OutputStream raw = Files.newOutputStream(temporary);
          ZipOutputStream zip = new ZipOutputStream(raw)) {
        zip.setLevel(Deflater.BEST_SPEED);
        zip.putNextEntry(new ZipEntry("arr_0.npy"));
        zip.write(header);
        for (Path part : parts) {
          Files.copy(part, zip);
        }
        zip.closeEntry();
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
