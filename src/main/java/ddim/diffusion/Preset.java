package ddim.diffusion;

import java.util.Locale;

/** Whole sets of sampling options, by name: our own, and those of the references. */
public enum Preset {
  /**
   * Our default. Deterministic (best of all eta at up to 100 steps in the paper's Table 1); x0
   * clipped to the range of images, because a small error of eps at pure noise is multiplied by
   * {@code 1 / sqrt(alphaBar)}, 157 for the linear schedule; quadratic spacing up to T - 1, so that
   * pure noise is taken for what it is and most steps are spent where details are decided.
   */
  DDIM,
  /**
   * What made the paper's CIFAR-10 results (Table 1): quadratic spacing up to 0.8 T, no clipping.
   */
  PAPER,
  /**
   * The defaults of diffusers' DDIM scheduler: leading spacing and clipping, but with the neighbour
   * looked up in the list.
   */
  DIFFUSERS_DDIM,
  /**
   * Ancestral sampling of DDPM with the smaller, posterior variance: eta = 1 with eps derived again
   * from the clipped x0 is its posterior mean (DDPM, eq. 7). All T steps unless told otherwise.
   */
  DDPM_SMALL,
  /** As {@link #DDPM_SMALL} with the larger variance, beta: sigma-hat of the DDIM paper. */
  DDPM_LARGE,
  /**
   * The command line defaults of the paper's code: its uniform spacing, all T steps, no clipping.
   */
  ERMONGROUP;

  private static final int USUAL_STEPS = 50;

  /** These options with the preset's own number of steps for a model with T noise levels. */
  public Sampler.Builder defaultBuilder(int trainSteps) {
    return builder(
        switch (this) {
          case DDIM, PAPER, DIFFUSERS_DDIM -> Math.min(USUAL_STEPS, trainSteps);
          case DDPM_SMALL, DDPM_LARGE, ERMONGROUP -> trainSteps;
        });
  }

  /** These options with S steps, to be built or changed further. */
  public Sampler.Builder builder(int steps) {
    Sampler.Builder ddim = new Sampler.Builder(steps);
    return switch (this) {
      case DDIM -> ddim;
      case PAPER -> ddim.spacing(Spacing.PAPER_QUAD).clipping(Clipping.NONE);
      case DIFFUSERS_DDIM -> ddim.spacing(Spacing.LEADING);
      case DDPM_SMALL -> ddim.spacing(Spacing.LINSPACE).eta(1).rederiveEps(true);
      case DDPM_LARGE -> DDPM_SMALL.builder(steps).sigmaHat(true);
      case ERMONGROUP -> ddim.spacing(Spacing.PAPER_UNIFORM).clipping(Clipping.NONE);
    };
  }

  /** The name in requests and commands. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @throws IllegalArgumentException if there is none of that name; the message lists the names
   */
  public static Preset named(String wireName) {
    return Names.find(values(), Preset::wireName, "preset", wireName);
  }
}
