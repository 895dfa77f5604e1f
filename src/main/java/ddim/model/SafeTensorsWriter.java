package ddim.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.ndarray.Shape;

/** Writes safetensors files, whole or not at all. */
public final class SafeTensorsWriter {
  /** A tensor to write. */
  public record Tensor(Shape shape, float[] values) {}

  private SafeTensorsWriter() {}

  /**
   * Writes beside {@code file}, forces the bytes to the disk, then renames: whoever looks sees the
   * old file or the new one.
   *
   * @throws IOException if it cannot be written; {@code file} is then as it was
   */
  public static void write(Path file, Map<String, String> metadata, Map<String, Tensor> tensors)
      throws IOException {
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
    String name = "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part";
    Path temporary =
        folder.resolve(name); // not a temporary file's rights, but the user's usual ones
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        writeFully(channel, header(metadata, tensors));
        for (Tensor tensor : tensors.values()) {
          writeFully(channel, bytes(tensor.values()));
        }
        channel.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static ByteBuffer header(Map<String, String> metadata, Map<String, Tensor> tensors)
      throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode();
    ObjectNode texts = root.putObject("__metadata__");
    metadata.forEach(texts::put);
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      ObjectNode node = root.putObject(entry.getKey());
      node.put("dtype", "F32");
      Tensor tensor = entry.getValue();
      for (long dimension : tensor.shape().asArray()) {
        node.withArray("shape").add(dimension);
      }
      node.withArray("shape");
      long end = offset + (long) Float.BYTES * tensor.values().length;
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = json.writeValueAsBytes(root);
    int padded = (text.length + 7) / 8 * 8; // tensors start aligned
    ByteBuffer buffer = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(padded).put(text);
    while (buffer.hasRemaining()) {
      buffer.put((byte) ' ');
    }
    return buffer.flip();
  }

  private static ByteBuffer bytes(float[] values) {
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
