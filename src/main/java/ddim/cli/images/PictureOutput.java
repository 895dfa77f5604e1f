package ddim.cli.images;

import ddim.eval.ImageGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where {@code --out} puts images: one grid in a file that ends in {@code .png}, else one file an
 * image in a folder.
 *
 * @param path the file or folder
 */
public record PictureOutput(Path path) {
  /** Whether all images go into one picture. */
  public boolean isFile() {
    return path.toString().toLowerCase(Locale.ROOT).endsWith(".png");
  }

  /**
   * Writes images.
   *
   * @param images numbers in [-1, 1], row by row, channels last
   * @param names what the files of a folder are called, without their ending, one an image
   * @return the files written
   */
  public List<Path> write(
      List<float[]> images, List<String> names, int height, int width, int channels)
      throws IOException {
    if (isFile()) {
      ImageGrid.of(images, height, width, channels).write(path);
      return List.of(path);
    }
    Files.createDirectories(path);
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      Path file = path.resolve(names.get(i) + ".png");
      Files.write(file, ImageGrid.imagePng(images.get(i), height, width, channels));
      files.add(file);
    }
    return files;
  }
}
