package ddim.cli;

import ddim.cli.images.LocalModel;
import ddim.cli.progress.Progress;
import ddim.diffusion.Preset;
import ddim.eval.experiment.Evaluation;
import ddim.eval.experiment.Evaluation.Part;
import ddim.eval.experiment.EvaluationOptions;
import ddim.eval.features.FeatureModel;
import ddim.eval.features.Features;
import ddim.model.Device;
import ddim.model.LoadedModel;
import ddim.model.ModelSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim evaluate}. */
@Command(
    name = "evaluate",
    description = {
      "Makes the tables and figures of the DDIM paper for a model, in this process.",
      "Leaves EVALUATION.md, tables as CSV and pictures as PNG. Interrupted, it continues when it",
      "is called again."
    })
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private final LocalModel model = new LocalModel();

  @Mixin private final EvaluationImages images = new EvaluationImages();

  @Option(
      names = "--features",
      paramLabel = "DIR",
      description =
          "A SavedModel that turns images into features, such as an Inception network for FID"
              + " (default, for grey images of 28 to 32 pixels: the classifier that ships).")
  private @Nullable Path featureModel;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "For the results.")
  private Path out;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "PART",
      description = "samples, table1, table2, consistency, time, neighbours (default: all).")
  private List<Part> only = List.of(Part.values());

  @Option(
      names = "--count",
      defaultValue = "256",
      paramLabel = "N",
      description = "Images a cell of table 1 (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--real",
      defaultValue = "10000",
      paramLabel = "N",
      description = "Real images they are compared with (default: ${DEFAULT-VALUE}).")
  private int real;

  @Option(
      names = "--reconstructed",
      defaultValue = "32",
      paramLabel = "N",
      description = "Test images of table 2 (default: ${DEFAULT-VALUE}).")
  private int reconstructed;

  @Option(
      names = "--steps",
      split = ",",
      defaultValue = "10,20,50,100",
      paramLabel = "S",
      description = "Numbers of steps, rising (default: ${DEFAULT-VALUE}).")
  private List<Integer> steps;

  @Option(
      names = "--solver-steps",
      split = ",",
      defaultValue = "5,10,20,50",
      paramLabel = "S",
      description = "Numbers of steps to compare solvers at (default: ${DEFAULT-VALUE}).")
  private List<Integer> solverSteps;

  @Option(
      names = "--preset",
      defaultValue = "ddim",
      paramLabel = "NAME",
      description = "Options of the samplers that are not varied (default: ${DEFAULT-VALUE}).")
  private String preset;

  @Option(
      names = "--batch",
      defaultValue = "32",
      paramLabel = "N",
      description = "Images of a graph call (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "The seed of the first image (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--labelled",
      description = {
        "For models with classes: image i is of class i mod their number (default: images are made",
        "without labels). Test images of table 2 are not told of theirs."
      })
  private boolean labelled;

  @Option(
      names = "--guidance",
      paramLabel = "G",
      description =
          "With --labelled: how strongly classes are followed, 0 to 100, 1 (the default) as"
              + " learned.")
  private @Nullable Double guidance;

  @Override
  public Integer call() throws IOException {
    EvaluationOptions options = options();
    Path folder = model.find().path();
    PrintWriter err = spec.commandLine().getErr();
    err.println(Device.describe());
    try (LoadedModel loaded = LoadedModel.load(folder);
        Features features = features(loaded.spec())) {
      err.println("features: " + features.description());
      EvaluationImages.Both both = images.open(loaded.spec().unet());
      Set<Part> parts = EnumSet.copyOf(only);
      Evaluation evaluation =
          Evaluation.of(loaded, features, both.train(), both.test(), options, out);
      AtomicLong done = new AtomicLong();
      Path report;
      try (Progress bar =
          Progress.start("evaluate", "network calls", evaluation.networkCalls(parts), err)) {
        report = evaluation.run(parts, (calls, task) -> bar.at(done.addAndGet(calls), task));
      }
      spec.commandLine().getOut().println("evaluated " + folder + ": " + report);
    }
    return 0;
  }

  private EvaluationOptions options() {
    try {
      return new EvaluationOptions(
          count,
          real,
          reconstructed,
          steps,
          solverSteps,
          Preset.named(preset),
          batch,
          seed,
          guidance());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private OptionalDouble guidance() {
    if (labelled) {
      return OptionalDouble.of(guidance == null ? 1 : guidance);
    }
    if (guidance != null) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--guidance': is for --labelled, which is absent");
    }
    return OptionalDouble.empty();
  }

  private void requireClasses(ModelSpec about) {
    if (labelled && about.unet().classes() == 0) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--labelled': the model " + model.name() + " has no classes");
    }
  }

  private Features features(ModelSpec about) throws IOException {
    requireClasses(about);
    if (featureModel != null) {
      return FeatureModel.load(featureModel);
    }
    var unet = about.unet();
    if (!FeatureModel.shippedFits(unet.height(), unet.width(), unet.imageChannels())) {
      throw new ParameterException(
          spec.commandLine(),
          "Missing option '--features': the classifier that ships is for grey images of 28 to 32"
              + " pixels, the model's are %dx%dx%d"
                  .formatted(unet.height(), unet.width(), unet.imageChannels()));
    }
    return FeatureModel.shipped();
  }
}
