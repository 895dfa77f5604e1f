package ddim.cli;

import ddim.cli.progress.Progress;
import ddim.data.ImageFolder;
import ddim.data.ImageSource;
import ddim.model.Device;
import ddim.train.Devices;
import ddim.train.Scaling;
import ddim.train.TrainConfig;
import ddim.train.TrainListener;
import ddim.train.TrainProgress;
import ddim.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
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
    description = {
      "Trains a model on images and writes checkpoints into a run folder.",
      "SIGTERM and SIGINT end it after the step, with a checkpoint."
    })
final class TrainCommand implements Callable<Integer> {
  private static final String DEFAULT_CONFIG = "fashion-mnist";
  private static final int DEFAULT_STEPS = 20_000;

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "fashion-mnist|DIR",
      description =
          "The images: fashion-mnist for the 10,000 that ship with this program, or a folder with"
              + " train-images-idx3-ubyte (plain or .gz), with CIFAR-10's data_batch_1.bin to"
              + " data_batch_5.bin, or with PNG, JPEG and WebP files, which are cut and shrunk to"
              + " the recipe's size; subfolders are classes.")
  private String data;

  @Option(
      names = "--unreadable",
      defaultValue = "refuse",
      paramLabel = "refuse|skip",
      description =
          "What becomes of picture files that cannot be read: they end the run (the default), or"
              + " another picture takes their place. They are named.")
  private ImageFolder.Unreadable unreadable;

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
      paramLabel = "N",
      description =
          "The number of the last step; with --resume above the run's, or equal, where nothing is"
              + " left to do (default: decay_steps of the recipe, or "
              + DEFAULT_STEPS
              + " if it has none).")
  private @Nullable Long steps;

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

  @Option(
      names = "--samples",
      defaultValue = "16",
      paramLabel = "N",
      description =
          "How many samples are drawn of every checkpoint, of equal seeds, for TensorBoard and as"
              + " samples.png; 0 for none (default: ${DEFAULT-VALUE}).")
  private int samples;

  @Option(names = "--resume", description = "Continue from the newest checkpoint of RUN.")
  private boolean resume;

  @Mixin private final DeviceOptions deviceOptions = new DeviceOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (deviceOptions.isWorker(spec)) {
      deviceOptions.serve(spec);
      return 0;
    }
    if (steps != null && steps < 1) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '--steps': must be 1 or more, is " + steps);
    }
    if (samples < 0) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--samples': must be 0 or more, is " + samples);
    }
    TrainConfig recipe = recipe();
    long end = steps == null ? defaultSteps(recipe) : steps;
    ImageSource images =
        TrainingData.open(
            data, recipe.unet(), unreadable, line -> spec.commandLine().getErr().println(line));
    try (StopSignal signal = new StopSignal()) {
      Reached reached =
          train(
              recipe, images, out, end, resume, samples, deviceOptions.devices(spec), spec, signal);
      spec.commandLine().getOut().println(reached.of(out, end));
    }
    return 0;
  }

  /** Where a run was when its training began and ended. */
  record Reached(long first, long last) {
    String of(Path run, long end) {
      if (first == end) {
        return run + ": already trained to step " + end;
      }
      return last == end
          ? "trained " + run + " to step " + end
          : "stopped at step " + last + " of " + run + "; --resume goes on";
    }
  }

  /** Trains with a progress bar or lines. */
  static Reached train(
      TrainConfig recipe,
      ImageSource images,
      Path run,
      long steps,
      boolean resume,
      int samples,
      Devices devices,
      CommandSpec spec,
      StopSignal signal)
      throws IOException {
    spec.commandLine().getErr().println(Device.describe());
    try (Progress bar = Progress.start("train", "steps", steps, spec.commandLine().getErr())) {
      AtomicLong first = new AtomicLong();
      TrainListener listener =
          new TrainListener() {
            @Override
            public void onStart(long step) {
              first.set(step);
            }

            @Override
            public void onStep(TrainProgress progress) {
              bar.at(
                  progress.step(),
                  "loss %.4f, %.1f images/s, %.1f %% waiting for data"
                      .formatted(
                          progress.smoothedLoss(),
                          progress.imagesPerSecond(),
                          100 * progress.dataWait()));
            }

            @Override
            public void onScaling(Scaling scaling) {
              spec.commandLine().getErr().println(scaling);
            }

            @Override
            public void onWarning(String text) {
              spec.commandLine().getErr().println("warning: " + text);
            }

            @Override
            public int samples() {
              return samples;
            }

            @Override
            public boolean wantsToStop() {
              return signal.isGiven();
            }
          };
      long last = Trainer.run(recipe, images, run, steps, resume, devices, listener);
      return new Reached(first.get(), last);
    }
  }

  private static long defaultSteps(TrainConfig recipe) {
    return recipe.decaySteps() > 0 ? recipe.decaySteps() : DEFAULT_STEPS;
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
