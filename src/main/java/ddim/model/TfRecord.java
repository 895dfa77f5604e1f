package ddim.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The framing of TFRecord files, which TensorFlow reads warm-up requests and events in. */
public final class TfRecord {
  private static final int CRC_MASK = 0xa282ead8;

  private TfRecord() {}

  /** A record's bytes: length, its checksum, the content, its checksum. */
  public static byte[] of(byte[] content) {
    byte[] length =
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(content.length)
            .array();
    return ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + content.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(length)
        .putInt(maskedCrc(length))
        .put(content)
        .putInt(maskedCrc(content))
        .array();
  }

  /** CRC-32C, rotated and offset as TFRecord wants it. */
  public static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
  }
}
