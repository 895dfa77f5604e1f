package ddim.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Fashion-MNIST: grey 28x28 photographs of clothes (Xiao, Rasul, Vollgraf, <a
 * href="https://arxiv.org/abs/1708.07747">Fashion-MNIST</a>), under the MIT licence.
 *
 * <p>Images are as the files have them: 28x28x1, light on black, no padding.
 */
public final class FashionMnist {
  /** The name of the data set, as models carry it. */
  public static final String NAME = "fashion-mnist";

  private static final String LICENSE = "MIT";
  private static final String BUNDLED = "fashion-mnist/t10k-images-idx3-ubyte.gz";
  private static final List<String> TRAINING_FILES =
      List.of("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz");

  /** SHA-256 of the pixels of the 60,000 training images, without the header. */
  private static final String TRAINING_DIGEST =
      "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012";

  private FashionMnist() {}

  /**
   * The 10,000 test images, which ship with this program.
   *
   * @throws UncheckedIOException if the program was built without them
   */
  public static ImageSource bundled() {
    String origin = "resource ddim/data/" + BUNDLED;
    try (InputStream in = FashionMnist.class.getResourceAsStream(BUNDLED)) {
      if (in == null) {
        throw new FileNotFoundException(origin + ": not in this build");
      }
      return IdxImages.read(in, origin, NAME, LICENSE);
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /**
   * The training images of a folder: {@code train-images-idx3-ubyte}, plain or with {@code .gz}.
   *
   * <p>Other data sets use this file name too. Images that are not Fashion-MNIST's are named after
   * their folder, and no licence is stated for them.
   *
   * @param folder where the file is
   * @throws IOException if the file is missing, truncated or something else; the message names it
   */
  public static ImageSource in(Path folder) throws IOException {
    for (String file : TRAINING_FILES) {
      Path path = folder.resolve(file);
      if (Files.exists(path)) {
        return identified(IdxImages.read(path, nameOf(folder), ImageSource.NO_LICENSE_STATED));
      }
    }
    throw new FileNotFoundException(
        folder
            + ": expected a folder with "
            + String.join(" or ", TRAINING_FILES)
            + (Files.isDirectory(folder) ? ", it has neither" : ", there is no such folder"));
  }

  private static ImageSource identified(IdxImages images) {
    return sha256(images.pixels()).equals(TRAINING_DIGEST) ? images.named(NAME, LICENSE) : images;
  }

  private static String nameOf(Path folder) {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? "images" : last.toString();
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
