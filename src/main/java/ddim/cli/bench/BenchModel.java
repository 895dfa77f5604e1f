package ddim.cli.bench;

import ddim.cli.images.ModelFolder;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.LoadedModel;
import ddim.model.SamplingModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The model that is measured. */
final class BenchModel {
  @Option(
      names = "--models",
      required = true,
      paramLabel = "DIR",
      description = "The model repository, DIR/NAME/VERSION/.")
  private Path models;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "NAME",
      description = "The name of the model.")
  private String name;

  @Option(
      names = "--version",
      paramLabel = "N",
      description = "The version of the model (default: the newest).")
  private @Nullable Long version;

  /** The model, to be closed. */
  SamplingModel load() throws IOException {
    OptionalLong wanted = version == null ? OptionalLong.empty() : OptionalLong.of(version);
    return LoadedModel.load(ModelFolder.find(models, name, wanted).path());
  }

  /** The steps of a sampler on a model. */
  static StepTable table(Sampler sampler, SamplingModel model) {
    NoiseSchedule schedule = NoiseSchedule.of(model.spec().schedule());
    Prediction prediction = model.spec().prediction();
    return sampler.table(schedule, prediction);
  }
}
