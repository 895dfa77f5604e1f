package ddim.cli;

import ddim.data.FashionMnist;
import ddim.data.ImageFolder;
import ddim.data.ImageRange;
import ddim.data.ImageSource;
import ddim.data.ImageSources;
import ddim.data.ShuffledImages;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say which real images a model is compared with. */
final class EvaluationImages {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "fashion-mnist|DIR",
      description =
          "The images that the model was trained on, as for train. Of the 10,000 images of"
              + " fashion-mnist the second half is taken for them and the first for the test.")
  private String data;

  @Option(
      names = "--test",
      paramLabel = "fashion-mnist|DIR",
      description =
          "Other images of the kind, on which the model was not trained: the test images of a"
              + " folder as for --data, or all of its pictures (default: t10k-images-idx3-ubyte or"
              + " test_batch.bin of --data).")
  private @Nullable String test;

  @Option(
      names = "--unreadable",
      defaultValue = "refuse",
      paramLabel = "refuse|skip",
      description = "What becomes of picture files that cannot be read, as for train.")
  private ImageFolder.Unreadable unreadable;

  /**
   * @param train on which the model was trained
   * @param test others
   */
  record Both(ImageSource train, ImageSource test) {}

  /**
   * Opens them, pictures in an order without meaning.
   *
   * @param unet for the size of pictures in a folder
   * @throws ParameterException if there are no test images, or only those of the training
   * @throws IOException if files are not what they should be; the message names them
   */
  Both open(UNetConfig unet) throws IOException {
    ImageSource train = TrainingData.open(data, unet, unreadable, warnings());
    if (test != null) {
      return new Both(shuffled(train), shuffled(given(test, train, unet)));
    }
    if (data.equals(FashionMnist.NAME)) {
      int half = train.size() / 2;
      return new Both(
          new ImageRange(train, half, train.size() - half), new ImageRange(train, 0, half));
    }
    ImageSource own =
        ImageSources.testIn(Path.of(data))
            .orElseThrow(
                () ->
                    wrong(
                        "Missing option '--test': "
                            + data
                            + " has no test images of its own (t10k-images-idx3-ubyte or"
                            + " test_batch.bin); name a folder with images on which the model was"
                            + " not trained"));
    return new Both(shuffled(train), own);
  }

  private ImageSource given(String name, ImageSource train, UNetConfig unet) throws IOException {
    if (!name.equals(FashionMnist.NAME)) {
      Optional<ImageSource> own = ImageSources.testIn(Path.of(name));
      if (own.isPresent()) {
        return own.get();
      }
    }
    if (isAmongTraining(name, train)) {
      throw wrong(
          "Invalid value for option '--test': must have images on which the model was not trained,"
              + (" %s shares its images with --data %s".formatted(name, data)));
    }
    return TrainingData.open(name, unet, unreadable, warnings());
  }

  private boolean isAmongTraining(String name, ImageSource train) {
    Path trained = Path.of(data).toAbsolutePath().normalize();
    Path tested = Path.of(name).toAbsolutePath().normalize();
    boolean isTree = train instanceof ImageFolder; // which takes pictures of subfolders too
    return trained.equals(tested)
        || (isTree && (tested.startsWith(trained) || trained.startsWith(tested)));
  }

  private static ImageSource shuffled(ImageSource images) {
    return images instanceof ImageFolder ? new ShuffledImages(images) : images;
  }

  private Consumer<String> warnings() {
    return line -> spec.commandLine().getErr().println(line);
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), why);
  }
}
