package ddim.diffusion;

import java.util.Locale;

/**
 * Which S of the T noise levels a trajectory visits: tau, ascending.
 *
 * <p>Every spacing has exactly S different entries, or {@link Timesteps} refuses it and says why;
 * with S = 1 every spacing is {@code [T - 1]}, because the trajectory starts at pure noise.
 */
public enum Spacing {
  /**
   * {@code tau_i = (T - 1) (i / (S - 1))^2}, rounded half up in integers, moved up to i where that
   * would repeat an entry. The DDIM paper's quadratic spacing, taken to T - 1: small steps where
   * details are decided, and x_T is asked about as what it is, pure noise.
   */
  QUADRATIC,
  /** {@code tau_i = (T - 1) i / (S - 1)}, rounded half to even. */
  LINSPACE,
  /** {@code tau_i = i floor(T / S) + offset}; stays below T - 1 unless S = T. */
  LEADING,
  /** {@code tau_i = T - (S - 1 - i) T / S - 1}, rounded half to even; ends at T - 1. */
  TRAILING,
  /**
   * The levels nearest to S evenly spaced values of log(alphaBar / (1 - alphaBar)), from t = 0 to T
   * - 1, moved up to the next free level where two would be the same (Lu et al., 2022, DPM-Solver,
   * section 3.4).
   */
  LOG_SNR,
  /**
   * The {@code uniform} of the paper's code: {@code range(0, T, floor(T / S))}. Refused where that
   * has another number of entries than S, which is the case unless floor(T / S) divides as S does.
   */
  PAPER_UNIFORM,
  /**
   * The {@code quad} of the paper's code, as used for CIFAR-10 in its Table 1: {@code
   * floor(linspace(0, sqrt(0.8 T), S)^2)}, which ends at 0.8 T. For large S it repeats small
   * entries (S = 50: 49 different ones); a step from t to t changes nothing, so each is visited
   * once, and the images are those of the paper with fewer network calls. The one spacing with
   * fewer than S entries, kept for comparison.
   */
  PAPER_QUAD;

  /** The name in requests and commands. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException if there is none of that name; the message lists the names
   */
  public static Spacing named(String wireName) {
    return Names.find(values(), Spacing::wireName, "spacing", wireName);
  }
}
