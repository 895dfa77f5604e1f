package ddim.cli;

import ddim.data.FashionMnist;
import ddim.data.ImageFolder;
import ddim.data.ImageSource;
import ddim.data.ImageSources;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The images that {@code --data} names. */
final class TrainingData {
  private TrainingData() {}

  /**
   * Images of any kind, pictures fitted to a network.
   *
   * @param data {@code fashion-mnist} for the images that ship with the program, else a folder
   * @param unet for the size of pictures in a folder
   * @param warnings told of files that are skipped
   * @throws IOException if the folder's files are not what they should be; the message names them
   */
  static ImageSource open(
      String data, UNetConfig unet, ImageFolder.Unreadable unreadable, Consumer<String> warnings)
      throws IOException {
    return data.equals(FashionMnist.NAME)
        ? FashionMnist.bundled()
        : ImageSources.in(
            Path.of(data), unet.height(), unet.width(), unet.imageChannels(), unreadable, warnings);
  }
}
