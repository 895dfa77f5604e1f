package ddim.cli;

import ddim.data.ImageSource;
import ddim.model.ModelWeights;
import ddim.model.SavedModelWeights;
import ddim.model.foreign.DiffusersFolder;
import ddim.model.foreign.ErmongroupFile;
import ddim.model.foreign.Tf1Checkpoint;
import ddim.train.RunImporter;
import ddim.train.TrainConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim import}. */
@Command(
    name = "import",
    description = {
      "Writes the weights of another program, of an exported model or of a run as a run, for export"
          + " or for training on.",
      "Weights that do not fit the network are refused, all that is wrong named at once."
    })
final class ImportCommand implements Callable<Integer> {
  private static final String DEFAULT_CONFIG = "cifar10";
  private static final String UNKNOWN_DATASET = "unknown";

  @Spec private CommandSpec spec;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "KIND:PATH",
      description = {
        "diffusers:DIR, the folder of a UNet2DModel or of a pipeline with one;",
        "tf1:PREFIX, a checkpoint of the TensorFlow original of DDPM;",
        "ermongroup:FILE.safetensors, a state dict of the DDIM paper's code;",
        "savedmodel:DIR, the folder of a version that ddim export wrote, to train it on;",
        "run:DIR, a run, to train it on from its newest checkpoint with the recipe --config."
      })
  private String from;

  @Option(names = "--out", required = true, paramLabel = "RUN", description = "The run folder.")
  private Path out;

  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      description =
          "The recipe, as for train: of tf1 and ermongroup the network and its noise too, which"
              + " their files do not say; of the others only how to train on (default: "
              + DEFAULT_CONFIG
              + ").")
  private @Nullable String config;

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      description =
          "What the weights were trained on (default: "
              + UNKNOWN_DATASET
              + "); savedmodels and runs say it.")
  private @Nullable String dataset;

  @Option(
      names = "--license",
      paramLabel = "SPDX",
      description =
          "The licence of the weights (default: "
              + ImageSource.NO_LICENSE_STATED
              + "); savedmodels and runs say it.")
  private @Nullable String license;

  @Override
  public Integer call() throws IOException {
    int colon = from.indexOf(':');
    if (colon < 1 || colon == from.length() - 1) {
      throw wrong("'" + from + "' is not KIND:PATH");
    }
    String kind = from.substring(0, colon);
    Path path = Path.of(from.substring(colon + 1));
    if (kind.equals("savedmodel") || kind.equals("run")) {
      requireAbsent("--dataset", dataset, kind);
      requireAbsent("--license", license, kind);
    }
    if (kind.equals("run")) {
      if (config == null) {
        throw wrong("run:… needs --config, the recipe to go on with");
      }
      spec.commandLine()
          .getOut()
          .println(RunImporter.withRecipe(path, Recipes.find(config, spec), out));
      return 0;
    }
    TrainConfig recipe = Recipes.find(config == null ? DEFAULT_CONFIG : config, spec);
    ModelWeights weights =
        switch (kind) {
          case "diffusers" -> DiffusersFolder.read(path, dataset(), license());
          case "tf1" -> weights(Tf1Checkpoint.read(path, recipe.unet().withClasses(0)), recipe);
          case "ermongroup" ->
              weights(ErmongroupFile.read(path, recipe.unet().withClasses(0)), recipe);
          case "savedmodel" -> SavedModelWeights.read(path);
          default ->
              throw wrong(
                  "'"
                      + from
                      + "' is none of diffusers:…, tf1:…, ermongroup:…, savedmodel:… and run:…");
        };
    spec.commandLine().getOut().println(RunImporter.write(weights, recipe, out));
    return 0;
  }

  private ModelWeights weights(Map<String, float[]> values, TrainConfig recipe) {
    return new ModelWeights(
        recipe.unet().withClasses(0),
        recipe.schedule(),
        recipe.prediction(),
        dataset(),
        license(),
        0,
        values);
  }

  private String dataset() {
    return dataset == null ? UNKNOWN_DATASET : dataset;
  }

  private String license() {
    return license == null ? ImageSource.NO_LICENSE_STATED : license;
  }

  private void requireAbsent(String option, @Nullable String value, String kind) {
    if (value != null) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '%s': must be absent with --from %s:…, which says it, is %s"
              .formatted(option, kind, value));
    }
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), "Invalid value for option '--from': " + why);
  }
}
