package ddim.cli;

import ddim.cli.progress.Progress;
import ddim.data.FashionMnist;
import ddim.eval.features.FeatureTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddim train-features}. */
@Command(
    name = "train-features",
    description = {
      "Trains the classifier whose features 'evaluate' compares images by.",
      "Says how many of the test's images it classifies rightly, and leaves a SavedModel."
    })
final class TrainFeaturesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "A folder with images and labels of train and t10k, as IDX files.")
  private Path data;

  @Option(names = "--out", required = true, paramLabel = "FOLDER", description = "A new folder.")
  private Path out;

  @Option(
      names = "--epochs",
      defaultValue = "8",
      paramLabel = "N",
      description = "How often every image is seen (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "Decides initial weights and order of images (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  public Integer call() throws IOException {
    FeatureTrainer trainer =
        new FeatureTrainer(FashionMnist.in(data), FashionMnist.testIn(data), epochs, seed);
    double accuracy;
    try (Progress bar =
        Progress.start("train", "steps", trainer.steps(), spec.commandLine().getErr())) {
      accuracy = trainer.train(out, (step, loss) -> bar.at(step, "loss %.4f".formatted(loss)));
    }
    spec.commandLine().getOut().printf("test accuracy %.2f %%: %s%n", 100 * accuracy, out);
    return 0;
  }
}
