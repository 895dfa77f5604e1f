package ddim.serve.repository;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.ModelFormatException;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.serve.batch.BatcherOptions;
import java.util.List;

/** The first calls of a graph are slow and show whether it works: we make them, not a client. */
final class WarmUp {
  private WarmUp() {}

  /**
   * Samples with noise at every batch size that will be used.
   *
   * @throws ModelFormatException if the model computes numbers that are not finite
   */
  static void run(SamplingModel model, BatcherOptions options) {
    ModelSpec spec = model.spec();
    NoiseSchedule schedule = NoiseSchedule.of(spec.schedule());
    int steps = Math.min(2, schedule.trainSteps());
    StepTable table = Sampler.ddim(steps, 1).table(schedule, spec.prediction());
    for (int batchSize : options.allowedBatchSizes()) {
      float[][] latents = model.latents(new long[batchSize]);
      Trajectory row = new Trajectory(0, latents[0], table);
      model.advance(List.of(row), steps, batchSize, null);
      requireFinite(row.x());
    }
  }

  private static void requireFinite(float[] image) {
    for (float pixel : image) {
      if (!Float.isFinite(pixel)) {
        throw new ModelFormatException("the model computes pixels that are not finite: " + pixel);
      }
    }
  }
}
