package ddim.diffusion;

import java.util.ArrayList;
import java.util.List;

/**
 * A noise schedule as configuration: what is written into run and model files.
 *
 * @param kind which formula gives the betas
 * @param trainSteps T, from 1 to {@link #MAX_TRAIN_STEPS}
 * @param betaStart the first beta, where the formula has one
 * @param betaEnd the last beta, where the formula has one
 * @param zeroTerminalSnr whether alphaBar is rescaled to end at exactly 0 (Lin et al., 2023)
 */
public record ScheduleConfig(
    Kind kind, int trainSteps, double betaStart, double betaEnd, boolean zeroTerminalSnr) {

  /** The formulas of the references; {@link NoiseSchedule} computes them. */
  public enum Kind {
    /** beta rises linearly (Ho et al., 2020). */
    LINEAR,
    /** sqrt(beta) rises linearly; the name that latent diffusion gave to {@link #QUAD}. */
    SCALED_LINEAR,
    /** alphaBar is a squared cosine, beta at most 0.999 (Nichol, Dhariwal, 2021, eq. 17). */
    COSINE,
    /** sqrt(beta) rises linearly. */
    QUAD,
    /** beta is {@code betaEnd} everywhere. */
    CONST,
    /** beta is 1/T, 1/(T-1), ..., 1, so that alphaBar falls linearly to exactly 0. */
    JSD,
    /** beta rises along a logistic curve from -6 to 6. */
    SIGMOID
  }

  /** The largest T: the integer arithmetic of {@link Spacing#QUADRATIC} is exact up to here. */
  public static final int MAX_TRAIN_STEPS = 1_000_000;

  /** The schedule of the DDPM and DDIM papers: T = 1000, beta from 1e-4 to 0.02. */
  public static final ScheduleConfig LINEAR_1000 =
      new ScheduleConfig(Kind.LINEAR, 1000, 1e-4, 0.02, false);

  /**
   * @throws IllegalArgumentException naming every number that is outside its range
   */
  public ScheduleConfig {
    List<String> broken = new ArrayList<>();
    if (trainSteps < 1 || trainSteps > MAX_TRAIN_STEPS) {
      broken.add("trainSteps must be from 1 to " + MAX_TRAIN_STEPS + ", is " + trainSteps);
    }
    boolean usesEnd = kind != Kind.COSINE && kind != Kind.JSD;
    boolean usesStart = usesEnd && kind != Kind.CONST;
    if (usesEnd && !(betaEnd > 0 && betaEnd < 1)) {
      broken.add("betaEnd must be above 0 and below 1, is " + betaEnd);
    }
    if (usesStart && !(betaStart > 0 && betaStart <= betaEnd)) {
      broken.add("betaStart must be above 0 and at most betaEnd, is " + betaStart);
    }
    if (zeroTerminalSnr && trainSteps < 2) {
      broken.add("zeroTerminalSnr needs trainSteps of at least 2, is " + trainSteps);
    }
    if (!broken.isEmpty()) {
      throw new IllegalArgumentException("noise schedule: " + String.join("; ", broken));
    }
  }
}
