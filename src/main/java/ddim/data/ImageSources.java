package ddim.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Recognises what is in a folder. */
public final class ImageSources {
  private ImageSources() {}

  /**
   * The training images of a folder: IDX files as of MNIST, the binary version of CIFAR-10, or
   * pictures, which are fitted to the given size.
   *
   * @throws IOException if it has none of these, or what it has is damaged; the message names it
   */
  public static ImageSource in(
      Path folder,
      int height,
      int width,
      int channels,
      ImageFolder.Unreadable unreadable,
      Consumer<String> warnings)
      throws IOException {
    if (FashionMnist.isIn(folder)) {
      return FashionMnist.in(folder);
    }
    if (Files.exists(folder.resolve(Cifar10.FIRST_FILE))) {
      return Cifar10.in(folder);
    }
    boolean isFolder = Files.isDirectory(folder);
    if (isFolder && !ImageFolder.files(folder).isEmpty()) {
      return ImageFolder.in(folder, height, width, channels, unreadable, warnings);
    }
    throw new FileNotFoundException(
        folder
            + ": expected a folder with train-images-idx3-ubyte (or .gz), "
            + Cifar10.FIRST_FILE
            + ", or files that end with .png, .jpg, .jpeg or .webp; "
            + (isFolder ? "it has none of them" : "there is no such folder"));
  }

  /**
   * The test images of a folder that has them apart from those for training: {@code
   * t10k-images-idx3-ubyte} as of MNIST, or {@code test_batch.bin} of CIFAR-10.
   *
   * @return empty if it has neither
   * @throws IOException if what it has is damaged; the message names it
   */
  public static Optional<ImageSource> testIn(Path folder) throws IOException {
    if (FashionMnist.hasTestIn(folder)) {
      return Optional.of(FashionMnist.testIn(folder));
    }
    return Files.exists(folder.resolve(Cifar10.TEST_FILE))
        ? Optional.of(Cifar10.testIn(folder))
        : Optional.empty();
  }
}
