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
import org.jspecify.annotations.Nullable;

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
  private static final String BUNDLED_LABELS = "fashion-mnist/t10k-labels-idx1-ubyte.gz";
  private static final List<String> CLASSES =
      List.of(
          "T-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot");
  private static final String IMAGES = "-images-idx3-ubyte";
  private static final String LABELS = "-labels-idx1-ubyte";
  private static final List<String> ENDINGS = List.of("", ".gz");

  /** SHA-256 of the pixels of the 60,000 training images, without the header. */
  private static final String TRAINING_DIGEST =
      "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012";

  /** SHA-256 of the pixels of the 10,000 test images, without the header. */
  private static final String TEST_DIGEST =
      "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a";

  private FashionMnist() {}

  /**
   * The 10,000 test images with their classes, which ship with this program.
   *
   * @throws UncheckedIOException if the program was built without them
   */
  public static ImageSource bundled() {
    try (InputStream in = resource(BUNDLED);
        InputStream labels = resource(BUNDLED_LABELS)) {
      IdxImages images = IdxImages.read(in, origin(BUNDLED), NAME, LICENSE);
      return images.labelled(
          IdxLabels.read(labels, origin(BUNDLED_LABELS), images.size()), CLASSES);
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private static InputStream resource(String name) throws IOException {
    InputStream in = FashionMnist.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException(origin(name) + ": not in this build");
    }
    return in;
  }

  private static String origin(String resource) {
    return "resource ddim/data/" + resource;
  }

  /** Whether a folder has such training images. */
  static boolean isIn(Path folder) {
    return found(folder, "train" + IMAGES) != null;
  }

  /** Whether a folder has such test images. */
  static boolean hasTestIn(Path folder) {
    return found(folder, "t10k" + IMAGES) != null;
  }

  /**
   * The training images of a folder: {@code train-images-idx3-ubyte}, plain or with {@code .gz},
   * with the classes of {@code train-labels-idx1-ubyte} if that is there.
   *
   * <p>Other data sets use this file name too. Images that are not Fashion-MNIST's are named after
   * their folder, and no licence is stated for them.
   *
   * @param folder where the file is
   * @throws IOException if the file is missing, truncated or something else; the message names it
   */
  public static ImageSource in(Path folder) throws IOException {
    return in(folder, "train");
  }

  /**
   * The test images of a folder, as {@link #in}: {@code t10k-images-idx3-ubyte} and {@code
   * t10k-labels-idx1-ubyte}.
   *
   * @throws IOException as {@link #in}
   */
  public static ImageSource testIn(Path folder) throws IOException {
    return in(folder, "t10k");
  }

  private static ImageSource in(Path folder, String split) throws IOException {
    Path file = found(folder, split + IMAGES);
    if (file == null) {
      throw new FileNotFoundException(
          "%s: expected a folder with %s, %s"
              .formatted(
                  folder,
                  String.join(" or ", files(split + IMAGES)),
                  Files.isDirectory(folder) ? "it has neither" : "there is no such folder"));
    }
    IdxImages images =
        identified(IdxImages.read(file, nameOf(folder), ImageSource.NO_LICENSE_STATED));
    Path labels = found(folder, split + LABELS);
    if (labels == null) {
      return images;
    }
    List<String> names = images.name().equals(NAME) ? CLASSES : List.of();
    return images.labelled(IdxLabels.read(labels, images.size()), names);
  }

  private static @Nullable Path found(Path folder, String name) {
    return files(name).stream().map(folder::resolve).filter(Files::exists).findFirst().orElse(null);
  }

  private static List<String> files(String name) {
    return ENDINGS.stream().map(ending -> name + ending).toList();
  }

  private static IdxImages identified(IdxImages images) {
    String digest = sha256(images.pixels());
    boolean known = digest.equals(TRAINING_DIGEST) || digest.equals(TEST_DIGEST);
    return known ? images.named(NAME, LICENSE) : images;
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
