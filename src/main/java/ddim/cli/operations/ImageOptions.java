package ddim.cli.operations;

import ddim.cli.images.PictureInput;
import ddim.serve.SamplingClient;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say which images are taken. */
final class ImageOptions {
  @Option(
      names = "--images",
      required = true,
      split = ",",
      paramLabel = "FILE|DIR|fashion-mnist",
      description =
          "Pictures of the model's size, folders of them, or fashion-mnist for those that ship with"
              + " this program.")
  private List<String> images;

  @Option(
      names = "--count",
      defaultValue = "8",
      paramLabel = "N",
      description = "At most so many of them, in order (default: ${DEFAULT-VALUE}).")
  private int count;

  /** The images, of the model's size. */
  List<PictureInput.Picture> read(SamplingClient.Model model) throws IOException {
    return new PictureInput(model.height(), model.width(), model.channels()).read(images, count);
  }
}
