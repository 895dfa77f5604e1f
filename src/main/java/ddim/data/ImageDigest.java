package ddim.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256, in hexadecimal, of what tells images from others. */
final class ImageDigest {
  private final MessageDigest digest;

  private ImageDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Of number, size, pixels and labels. */
  static String ofPixels(ImageSource images) {
    ImageDigest all = new ImageDigest();
    all.add(images.size() + " " + images.height() + " " + images.width());
    all.add(images.channels() + " " + images.classes());
    boolean labelled = images.classes() > 0;
    byte[] pixels = new byte[images.imageSize()];
    for (int i = 0; i < images.size(); i++) {
      images.read(i, pixels, 0);
      all.digest.update(pixels);
      if (labelled) {
        all.add(Integer.toString(images.label(i)));
      }
    }
    return all.hex();
  }

  /**
   * Of paths within a folder, and sizes: files need not be read.
   *
   * @throws UncheckedIOException if a file is not there
   */
  static String ofFiles(Path folder, List<Path> files) {
    ImageDigest all = new ImageDigest();
    for (Path file : files) {
      String name = folder.relativize(file).toString().replace('\\', '/');
      try {
        all.add(name + " " + Files.size(file));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return all.hex();
  }

  private void add(String line) {
    digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
