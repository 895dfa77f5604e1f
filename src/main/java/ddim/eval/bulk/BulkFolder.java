package ddim.eval.bulk;

import ddim.eval.ImageGrid;
import ddim.eval.SettingsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where images go, in parts of a fixed number; a part is there as a whole, or its missing files are
 * made again.
 *
 * @param count images in all
 * @param partSize images of a part but the last
 */
record BulkFolder(
    Path root, BulkFormat format, long count, int partSize, int height, int width, int channels) {
  private static final int LEAST_DIGITS = 6;

  long parts() {
    return (count + partSize - 1) / partSize;
  }

  int size(long part) {
    return (int) Math.min(partSize, count - part * partSize);
  }

  boolean has(long part) {
    if (format == BulkFormat.NPZ) {
      long bytes = (long) size(part) * imageSize();
      return raw(part).toFile().length() == bytes || Files.exists(npz());
    }
    for (int i = 0; i < size(part); i++) {
      if (!Files.exists(png(part * partSize + i))) {
        return false;
      }
    }
    return true;
  }

  /** Leaves the images of a part; files that are there stay. */
  void write(long part, List<byte[]> images) throws IOException {
    if (format == BulkFormat.NPZ) {
      Files.createDirectories(raw(part).getParent());
      byte[] all = new byte[images.size() * imageSize()];
      for (int i = 0; i < images.size(); i++) {
        System.arraycopy(images.get(i), 0, all, i * imageSize(), imageSize());
      }
      SettingsFile.writeWhole(raw(part), all);
      return;
    }
    for (int i = 0; i < images.size(); i++) {
      Path file = png(part * partSize + i);
      if (!Files.exists(file)) {
        SettingsFile.writeWhole(file, ImageGrid.pixelsPng(images.get(i), height, width, channels));
      }
    }
  }

  /** How many parts are there. */
  long done() {
    long done = 0;
    for (long part = 0; part < parts(); part++) {
      done += has(part) ? 1 : 0;
    }
    return done;
  }

  /** Joins the parts of an npz file, when all are there, and deletes them. */
  void join() throws IOException {
    if (format != BulkFormat.NPZ || Files.exists(npz()) || done() < parts()) {
      return;
    }
    List<Path> files = new ArrayList<>();
    for (long part = 0; part < parts(); part++) {
      files.add(raw(part));
    }
    try {
      NumpyFile.writeNpz(npz(), NumpyFile.header(count, height, width, channels), files);
    } catch (NoSuchFileException e) {
      if (!Files.exists(npz())) { // another shard was faster
        throw e;
      }
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(root.resolve("parts"));
  }

  Path npz() {
    return root.resolve("samples.npz");
  }

  private Path raw(long part) {
    return root.resolve("parts").resolve(String.format("part-%08d.bytes", part));
  }

  private Path png(long index) {
    int digits = Math.max(LEAST_DIGITS, Long.toString(count - 1).length());
    return root.resolve(String.format("%0" + digits + "d.png", index));
  }

  private int imageSize() {
    return height * width * channels;
  }
}
