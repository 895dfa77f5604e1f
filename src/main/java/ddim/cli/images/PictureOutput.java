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
  /**
   * Writes images.
   *
   * @param images numbers in [-1, 1], row by row, channels last
   * @param seeds what the files of a folder are named after
   * @return the files written
   */
  public List<Path> write(List<float[]> images, long[] seeds, int height, int width, int channels)
      throws IOException {
    if (path.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
      ImageGrid.of(images, height, width, channels).write(path);
      return List.of(path);
    }
    Files.createDirectories(path);
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < seeds.length; i++) {
      Path file = path.resolve("seed-" + seeds[i] + ".png");
      Files.write(file, ImageGrid.imagePng(images.get(i), height, width, channels));
      files.add(file);
    }
    return files;
  }
}
