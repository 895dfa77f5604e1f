package ddim.cli;

import ddim.model.ModelDescription;
import ddim.model.ModelExporter;
import ddim.model.ModelWeights;
import ddim.model.WeightStorage;
import ddim.model.WeightType;
import ddim.model.foreign.DiffusersFolder;
import ddim.train.RunExporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim export}. */
@Command(
    name = "export",
    description = {
      "Writes the newest checkpoint of a run as a SavedModel, DIR/NAME/N/, or for other programs.",
      "The weights are the moving average. A SavedModel is written complete or not at all."
    })
final class ExportCommand implements Callable<Integer> {
  /** What can be written. */
  enum Format {
    SAVEDMODEL,
    DIFFUSERS,
    ONNX,
    OPENVINO,
    TFLITE
  }

  @Spec private CommandSpec spec;

  @Option(names = "--run", required = true, paramLabel = "RUN", description = "The run folder.")
  private Path run;

  @Option(
      names = "--best",
      description = "The checkpoint with the lowest smoothed loss instead of the newest.")
  private boolean best;

  @Option(
      names = "--format",
      defaultValue = "savedmodel",
      paramLabel = "F",
      description =
          "savedmodel (the default), which wants --models and --name; or diffusers, onnx, openvino,"
              + " tflite, which want --out. The last three need Python 3.10 to 3.12.")
  private Format format;

  @Option(
      names = "--precision",
      defaultValue = "float32",
      paramLabel = "P",
      description =
          "The type of the weights in the file: float32 (the default), or bfloat16 or float16, half"
              + " the size. The graph computes in float32 with all of them; what the rounding"
              + " changes is measured, printed and kept with the model. Not for diffusers.")
  private WeightType precision;

  @Option(names = "--models", paramLabel = "DIR", description = "The model repository.")
  private @Nullable Path models;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The name of the model: letters, digits, dots, dashes and underscores.")
  private @Nullable String name;

  @Option(
      names = "--version",
      paramLabel = "N",
      description = "The version, above 0 (default: the one after the highest that is there).")
  private @Nullable Long version;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "The folder for another format; it must not exist.")
  private @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    if (format != Format.SAVEDMODEL) {
      exportForOthers();
      return 0;
    }
    if (models == null || name == null) {
      throw wrong("Missing required options '--models=DIR' and '--name=NAME'");
    }
    if (out != null) {
      throw wrong("'--out' is for other formats than savedmodel");
    }
    OptionalLong number = version == null ? OptionalLong.empty() : OptionalLong.of(version);
    Path folder = ModelExporter.export(weights(), precision, models, name, number);
    print(folder);
    printDifference(folder);
    return 0;
  }

  private void exportForOthers() throws IOException {
    if (out == null) {
      throw wrong("Missing required option '--out=FOLDER'");
    }
    if (models != null || name != null || version != null) {
      throw wrong("'--models', '--name' and '--version' are for the format savedmodel");
    }
    if (format == Format.DIFFUSERS) {
      if (precision != WeightType.FLOAT32) {
        throw wrong("'--precision' is not for the format diffusers");
      }
      DiffusersFolder.write(out, weights());
      print(out);
      return;
    }
    PythonConverter converter = PythonConverter.ofLauncher();
    ModelWeights weights = weights();
    Path temporary = Files.createTempDirectory("ddim-export");
    try {
      Path model = ModelExporter.export(weights, precision, temporary, "model", OptionalLong.of(1));
      String target = format.name().toLowerCase(Locale.ROOT);
      converter.convert(target, model, out).forEach(this::print);
      printDifference(model);
    } finally {
      Trees.delete(temporary);
    }
  }

  private ModelWeights weights() throws IOException {
    return best ? RunExporter.best(run) : RunExporter.weights(run);
  }

  private void printDifference(Path model) throws IOException {
    WeightStorage storage = ModelDescription.of(model).storage();
    if (storage != null && storage.type() != WeightType.FLOAT32) {
      print(
          ("against float32: noise differs by up to %s of its largest number, a pixel in [-1, 1] by"
                  + " %s on average")
              .formatted(storage.epsDifference(), storage.imageDifference()));
    }
  }

  private void print(Object line) {
    spec.commandLine().getOut().println(line);
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), why);
  }
}
