package ddim.cli;

import ddim.data.FashionMnist;
import ddim.data.ImageSource;
import java.io.IOException;
import java.nio.file.Path;

/** The images that {@code --data} names. */
final class TrainingData {
  private TrainingData() {}

  /**
   * @param data {@code fashion-mnist} for the images that ship with the program, else a folder with
   *     IDX files
   * @throws IOException if the folder's files are not what they should be; the message names them
   */
  static ImageSource open(String data) throws IOException {
    return data.equals(FashionMnist.NAME) ? FashionMnist.bundled() : FashionMnist.in(Path.of(data));
  }
}
