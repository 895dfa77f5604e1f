package ddim.train;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The end of a file, written in blocks. What cannot be written is kept and tried again with the
 * next block: a disk that is full for a while costs nothing, and leaves no half of a line.
 */
final class AppendedFile {
  private static final int BLOCK = 8192;

  private final Path file;
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
  private long length;
  private int next = BLOCK;

  /**
   * @param file that is there
   * @param length its size
   */
  AppendedFile(Path file, long length) {
    this.file = file;
    this.length = length;
  }

  /**
   * Takes what is to be written, in whole lines or records.
   *
   * @throws IOException if a block was full and could not be written
   */
  void append(byte[] bytes) throws IOException {
    waiting.writeBytes(bytes);
    if (waiting.size() >= next) {
      flush();
    }
  }

  /**
   * Writes what waits.
   *
   * @throws IOException if it could not; it waits on
   */
  void flush() throws IOException {
    if (waiting.size() == 0) {
      return;
    }
    next = waiting.size() + BLOCK;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      write(channel, ByteBuffer.wrap(waiting.toByteArray()));
    }
    length += waiting.size();
    waiting.reset();
    next = BLOCK;
  }

  private void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    try {
      for (long at = length; bytes.hasRemaining(); ) {
        at += channel.write(bytes, at);
      }
    } catch (IOException e) {
      try {
        channel.truncate(length);
      } catch (IOException alsoWrong) {
        e.addSuppressed(alsoWrong);
      }
      throw e;
    }
  }
}
