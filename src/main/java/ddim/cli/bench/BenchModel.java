package ddim.cli.bench;

import ddim.cli.images.LocalModel;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.LoadedModel;
import ddim.model.SamplingModel;
import java.io.IOException;
import picocli.CommandLine.Mixin;

/** The model that is measured. */
final class BenchModel {
  @Mixin private final LocalModel model = new LocalModel();

  /** The model, to be closed. */
  SamplingModel load() throws IOException {
    return LoadedModel.load(model.find().path());
  }

  /** The steps of a sampler on a model. */
  static StepTable table(Sampler sampler, SamplingModel model) {
    NoiseSchedule schedule = NoiseSchedule.of(model.spec().schedule());
    Prediction prediction = model.spec().prediction();
    return sampler.table(schedule, prediction);
  }
}
