package ddim.diffusion;

/**
 * A noise schedule as configuration: what is written into run and model files.
 *
 * @param kind which formula gives the betas
 * @param trainSteps T, at least 1
 * @param betaStart the first beta, where the formula has one
 * @param betaEnd the last beta, where the formula has one
 * @param zeroTerminalSnr whether alphaBar is rescaled to end at exactly 0 (Lin et al., 2023)
 */
public record ScheduleConfig(
    Kind kind, int trainSteps, double betaStart, double betaEnd, boolean zeroTerminalSnr) {

  /** The formulas of the references. */
  public enum Kind {
    LINEAR,
    SCALED_LINEAR,
    COSINE,
    QUAD,
    CONST,
    JSD,
    SIGMOID
  }

  /** The schedule of the DDPM and DDIM papers: T = 1000, beta from 1e-4 to 0.02. */
  public static final ScheduleConfig LINEAR_1000 =
      new ScheduleConfig(Kind.LINEAR, 1000, 1e-4, 0.02, false);
}
