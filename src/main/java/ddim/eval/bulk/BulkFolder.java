package ddim.eval.bulk;

import ddim.eval.ImageGrid;
import ddim.eval.WholeFile;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
  private static final String CLAIM = "joining";

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
    try {
      if (format == BulkFormat.NPZ) {
        writeRaw(part, images);
      } else {
        writePngs(part, images);
      }
    } catch (NoSuchFileException e) {
      if (!has(part)) { // else another process of the same shard was faster, and cleared up
        throw e;
      }
    }
  }

  private void writeRaw(long part, List<byte[]> images) throws IOException {
    Files.createDirectories(rawFolder());
    byte[] all = new byte[images.size() * imageSize()];
    for (int i = 0; i < images.size(); i++) {
      System.arraycopy(images.get(i), 0, all, i * imageSize(), imageSize());
    }
    WholeFile.write(raw(part), all);
  }

  private void writePngs(long part, List<byte[]> images) throws IOException {
    for (int i = 0; i < images.size(); i++) {
      Path file = png(part * partSize + i);
      if (!Files.exists(file)) {
        WholeFile.write(file, ImageGrid.pixelsPng(images.get(i), height, width, channels));
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

  /**
   * When all parts are there, deletes what killed processes left, and joins those of an npz file;
   * they go when the file is in its place, on the disk and read again.
   *
   * <p>Only one of several processes joins; the others wait until it has, or is found to be dead.
   *
   * @param patience how long a joining process may show no life
   */
  void finish(Duration patience) throws IOException {
    if (done() < parts()) {
      return;
    }
    if (format != BulkFormat.NPZ) {
      WholeFile.deleteUnfinished(root);
      return;
    }
    Optional<JoinClaim> claim = JoinClaim.take(rawFolder().resolve(CLAIM), patience);
    if (claim.isPresent()) {
      try (JoinClaim ours = claim.get()) {
        join(ours);
        clear();
      }
    }
  }

  /** Of two at a time either leaves the whole file; a part can go only after that. */
  private void join(JoinClaim claim) throws IOException {
    byte[] header = NumpyFile.header(count, height, width, channels);
    long bytes = count * imageSize();
    if (Files.exists(npz())) {
      NumpyFile.requireWhole(npz(), header, bytes, claim::renew);
      return;
    }
    List<Path> files = new ArrayList<>();
    for (long part = 0; part < parts(); part++) {
      files.add(raw(part));
    }
    try {
      NumpyFile.writeNpz(npz(), header, files, bytes, claim::renew);
    } catch (IOException e) {
      if (!Files.exists(npz())) { // else our claim was void: another process has joined them
        throw e;
      }
    }
  }

  /** The claim goes last. What another process leaves meanwhile stays until the next call. */
  private void clear() throws IOException {
    WholeFile.deleteUnfinished(root);
    WholeFile.deleteUnfinished(rawFolder());
    for (long part = 0; part < parts(); part++) {
      Files.deleteIfExists(raw(part));
    }
    Files.deleteIfExists(rawFolder().resolve(CLAIM));
    try {
      Files.deleteIfExists(rawFolder());
    } catch (DirectoryNotEmptyException e) {
      // harmless beside the whole file
    }
  }

  Path npz() {
    return root.resolve("samples.npz");
  }

  private Path rawFolder() {
    return root.resolve("parts");
  }

  private Path raw(long part) {
    return rawFolder().resolve(String.format("part-%08d.bytes", part));
  }

  private Path png(long index) {
    int digits = Math.max(LEAST_DIGITS, Long.toString(count - 1).length());
    return root.resolve(String.format("%0" + digits + "d.png", index));
  }

  private int imageSize() {
    return height * width * channels;
  }
}
