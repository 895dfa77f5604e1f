package ddim.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/**
 * A safetensors file, read tensor by tensor: arrays of F32, F16 or BF16 by name behind a JSON
 * header, all of them read as float32.
 *
 * <p>Nothing that the header claims is believed before it is checked against the file's length, so
 * a broken file ends in a {@link ModelFormatException}, not in a large allocation.
 */
public final class SafeTensors implements WeightFile {
  /** The longest header read: of some 100,000 tensors. The format itself allows 100 MB. */
  private static final long MAX_HEADER_BYTES = 16 << 20;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, SafeTensorsHeader.Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private long data;

  private SafeTensors(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws ModelFormatException if it is no safetensors file of such tensors
   * @throws IOException if it cannot be read
   */
  public static SafeTensors open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      SafeTensors tensors = new SafeTensors(file, channel);
      tensors.readHeader();
      return tensors;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public Set<String> names() {
    return entries.keySet();
  }

  /** The free texts of the file. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public Shape shape(String name) {
    return entry(name).shape();
  }

  @Override
  public float[] floats(String name) throws IOException {
    SafeTensorsHeader.Entry entry = entry(name);
    long bytes = entry.end() - entry.begin();
    if (bytes > Integer.MAX_VALUE - Long.BYTES) {
      throw broken("tensor '" + name + "' has " + bytes + " bytes; at most 2 GiB are read");
    }
    return entry.type().decode(read(data + entry.begin(), (int) bytes));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private SafeTensorsHeader.Entry entry(String name) {
    SafeTensorsHeader.Entry entry = entries.get(name);
    if (entry == null) {
      throw broken("has no tensor '" + name + "'");
    }
    return entry;
  }

  private void readHeader() throws IOException {
    long length = channel.size();
    if (length < Long.BYTES) {
      throw broken("is " + length + " bytes long, shorter than the length of a header");
    }
    long header = read(0, Long.BYTES).getLong();
    if (header < 2 || header > MAX_HEADER_BYTES || header > length - Long.BYTES) {
      throw broken("claims a header of " + header + " bytes in a file of " + length);
    }
    data = Long.BYTES + header;
    try {
      SafeTensorsHeader parsed =
          SafeTensorsHeader.parse(read(Long.BYTES, (int) header).array(), length - data);
      entries.putAll(parsed.entries());
      metadata.putAll(parsed.metadata());
    } catch (ModelFormatException e) {
      throw new ModelFormatException(file + ": " + e.getMessage(), e);
    }
  }

  private ByteBuffer read(long position, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw broken("ends early");
      }
    }
    return buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
  }

  private ModelFormatException broken(String what) {
    return new ModelFormatException(file + ": " + what);
  }
}
