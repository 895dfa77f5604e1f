package ddim.serve.rpc;

import ddim.diffusion.Clipping;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.Solver;
import ddim.diffusion.Spacing;
import ddim.v1.SamplerOptions;
import org.jspecify.annotations.Nullable;

/** Reads the sampling options of a request. */
final class SamplerReader {
  private final SamplerOptions options;
  private final Problems problems;

  SamplerReader(SamplerOptions options, Problems problems) {
    this.options = options;
    this.problems = problems;
  }

  /**
   * The options as they are; whether they can be sampled with is another question.
   *
   * @param trainSteps the model's number of noise levels
   * @param steps absent as null
   * @param eta absent as null
   */
  Sampler read(int trainSteps, @Nullable Integer steps, @Nullable Double eta) {
    Preset preset =
        WireEnums.read(
                options.getPresetValue(),
                ddim.v1.Preset.getDescriptor(),
                Preset.class,
                "sampler.preset",
                problems)
            .orElse(Preset.DDIM);
    Sampler.Builder sampler = preset.defaultBuilder(trainSteps);
    readLevels(sampler);
    readSteps(sampler);
    if (steps != null) {
      sampler.steps(steps);
    }
    if (eta != null) {
      sampler.eta(eta);
    }
    return sampler.build();
  }

  private void readLevels(Sampler.Builder sampler) {
    WireEnums.read(
            options.getSpacingValue(),
            ddim.v1.Spacing.getDescriptor(),
            Spacing.class,
            "sampler.spacing",
            problems)
        .ifPresent(sampler::spacing);
    if (options.hasOffset()) {
      sampler.offset(options.getOffset());
    }
    if (options.getTimestepsCount() > 0) {
      sampler.timesteps(options.getTimestepsList());
    }
  }

  private void readSteps(Sampler.Builder sampler) {
    WireEnums.read(
            options.getSolverValue(),
            ddim.v1.Solver.getDescriptor(),
            Solver.class,
            "sampler.solver",
            problems)
        .ifPresent(sampler::solver);
    WireEnums.read(
            options.getFinalAlphaBarValue(),
            ddim.v1.FinalAlphaBar.getDescriptor(),
            Sampler.FinalAlphaBar.class,
            "sampler.final_alpha_bar",
            problems)
        .ifPresent(sampler::finalAlphaBar);
    WireEnums.read(
            options.getInversionValue(),
            ddim.v1.Inversion.getDescriptor(),
            Sampler.Inversion.class,
            "sampler.inversion",
            problems)
        .ifPresent(sampler::inversion);
    if (options.hasOrder()) {
      sampler.order(options.getOrder());
    }
    if (options.hasSigmaHat()) {
      sampler.sigmaHat(options.getSigmaHat());
    }
    if (options.hasRederiveEps()) {
      sampler.rederiveEps(options.getRederiveEps());
    }
    if (options.hasClipping()) {
      readClipping(sampler);
    }
  }

  private void readClipping(Sampler.Builder sampler) {
    double range = options.getClipping().getRange();
    double quantile = options.getClipping().getQuantile();
    try {
      boolean none = range == 0 && quantile == 0;
      sampler.clipping(none ? Clipping.NONE : new Clipping(range, quantile));
    } catch (IllegalArgumentException e) {
      problems.add("sampler.clipping", "sampler.clipping: " + e.getMessage());
    }
  }
}
