package ddim.cli;

import ddim.cli.progress.Progress;
import ddim.data.ImageSource;
import ddim.model.Device;
import ddim.train.Devices;
import ddim.train.TrainConfig;
import ddim.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim train}. */
@Command(
    name = "train",
    description = "Trains a model on images and writes checkpoints into a run folder.")
final class TrainCommand implements Callable<Integer> {
  private static final String DEFAULT_CONFIG = "fashion-mnist";

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "fashion-mnist|DIR",
      description =
          "The images: fashion-mnist for the 10,000 that ship with this program, or a folder with"
              + " train-images-idx3-ubyte, plain or .gz.")
  private String data;

  @Option(names = "--out", required = true, paramLabel = "RUN", description = "The run folder.")
  private Path out;

  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      description =
          "The recipe: fashion-mnist (the default), fashion-mnist-labels, cifar10, celeba64, lsun256, tiny, or a JSON"
              + " file. A resumed run has its own.")
  private @Nullable String config;

  @Option(
      names = "--steps",
      defaultValue = "20000",
      paramLabel = "N",
      description = "The number of the last step (default: ${DEFAULT-VALUE}).")
  private long steps;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Decides initial weights, order of images, noise and dropout (default: that of the"
              + " recipe).")
  private @Nullable Long seed;

  @Option(
      names = "--precision",
      paramLabel = "P",
      description =
          "Of convolutions and products: float32, or bfloat16, which is faster where the processor"
              + " has it (default: that of the recipe).")
  private TrainConfig.@Nullable Precision precision;

  @Option(names = "--resume", description = "Continue from the newest checkpoint of RUN.")
  private boolean resume;

  @Mixin private final DeviceOptions deviceOptions = new DeviceOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (deviceOptions.isWorker(spec)) {
      deviceOptions.serve(spec);
      return 0;
    }
    if (steps < 1) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '--steps': must be 1 or more, is " + steps);
    }
    TrainConfig recipe = recipe();
    ImageSource images = TrainingData.open(data);
    train(recipe, images, out, steps, resume, deviceOptions.devices(spec), spec);
    spec.commandLine().getOut().println("trained " + out + " to step " + steps);
    return 0;
  }

  /** Trains with a progress bar or lines. */
  static void train(
      TrainConfig recipe,
      ImageSource images,
      Path run,
      long steps,
      boolean resume,
      Devices devices,
      CommandSpec spec)
      throws IOException {
    spec.commandLine().getErr().println(Device.describe());
    try (Progress bar = Progress.start("train", "steps", steps, spec.commandLine().getErr())) {
      Trainer.run(
          recipe,
          images,
          run,
          steps,
          resume,
          devices,
          progress ->
              bar.at(
                  progress.step(),
                  "loss %.4f, %.1f images/s"
                      .formatted(progress.loss(), progress.imagesPerSecond())));
    }
  }

  private TrainConfig recipe() throws IOException {
    TrainConfig recipe = chosen();
    if (precision != null) {
      recipe = recipe.withPrecision(precision);
    }
    return seed == null ? recipe : recipe.withSeed(seed);
  }

  private TrainConfig chosen() throws IOException {
    Path own = out.resolve("config.json");
    if (config == null) {
      return resume && Files.exists(own)
          ? TrainConfig.read(own)
          : TrainConfig.named(DEFAULT_CONFIG);
    }
    return Recipes.find(config, spec);
  }
}
