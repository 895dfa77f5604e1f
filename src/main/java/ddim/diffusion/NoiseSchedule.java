package ddim.diffusion;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/**
 * How much of an image is left at each noise level: alphaBar, once, in float64.
 *
 * <p>{@code alphaBar(t) = prod_{i <= t} (1 - beta_i)} of Ho, Jain, Abbeel, <a
 * href="https://arxiv.org/abs/2006.11239">DDPM</a>; the DDIM paper calls it alpha. Timestep t runs
 * from 0 to T - 1, and -1 is the clean image: {@code xt = sqrt(alphaBar(t)) x0 + sqrt(1 -
 * alphaBar(t)) eps}.
 *
 * <p>Immutable. alphaBar falls strictly, and only its last value may be 0.
 */
public final class NoiseSchedule {
  private final double[] alphaBar;

  private NoiseSchedule(double[] alphaBar) {
    for (int t = 0; t < alphaBar.length; t++) {
      double before = t == 0 ? 1 : alphaBar[t - 1];
      if (!(alphaBar[t] < before && alphaBar[t] >= 0)) {
        throw new IllegalArgumentException(
            "alphaBar must fall strictly and not below 0: it is %s at t = %d after %s"
                .formatted(alphaBar[t], t, before));
      }
    }
    this.alphaBar = alphaBar;
  }

  /**
   * The schedule that a configuration describes.
   *
   * @throws IllegalArgumentException if its betas are so many or so large that alphaBar reaches 0
   *     before the end
   */
  public static NoiseSchedule of(ScheduleConfig config) {
    NoiseSchedule schedule = ofBetas(betas(config));
    return config.zeroTerminalSnr() ? schedule.withZeroTerminalSnr() : schedule;
  }

  /**
   * The schedule of explicit betas.
   *
   * @param betas one a noise level, each above 0 and at most 1; only the last may be 1
   * @throws IllegalArgumentException if there is none, or one is outside its range
   */
  public static NoiseSchedule ofBetas(double... betas) {
    if (betas.length < 1 || betas.length > ScheduleConfig.MAX_TRAIN_STEPS) {
      throw new IllegalArgumentException(
          "betas must be from 1 to %d numbers, are %d"
              .formatted(ScheduleConfig.MAX_TRAIN_STEPS, betas.length));
    }
    double[] alphaBar = new double[betas.length];
    double product = 1;
    for (int t = 0; t < betas.length; t++) {
      if (!(betas[t] > 0 && betas[t] <= 1)) {
        throw new IllegalArgumentException(
            "betas must be above 0 and at most 1, entry %d is %s".formatted(t, betas[t]));
      }
      product *= 1 - betas[t];
      alphaBar[t] = product;
    }
    return new NoiseSchedule(alphaBar);
  }

  /**
   * This schedule with sqrt(alphaBar) shifted and scaled so that the last level has no signal at
   * all and the first is unchanged: Lin, Liu, Li, Yang, <a
   * href="https://arxiv.org/abs/2305.08891">Common Diffusion Noise Schedules and Sample Steps are
   * Flawed</a>, algorithm 1.
   *
   * @throws IllegalArgumentException if there is only one level
   */
  public NoiseSchedule withZeroTerminalSnr() {
    if (trainSteps() < 2) {
      throw new IllegalArgumentException("zero terminal SNR needs at least 2 noise levels, has 1");
    }
    double first = Math.sqrt(alphaBar[0]);
    double last = Math.sqrt(alphaBar[trainSteps() - 1]);
    return new NoiseSchedule(
        Arrays.stream(alphaBar)
            .map(Math::sqrt)
            .map(root -> (root - last) * (first / (first - last)))
            .map(root -> root * root)
            .toArray());
  }

  /** T, the number of noise levels. */
  public int trainSteps() {
    return alphaBar.length;
  }

  /**
   * The share of the image's variance that is left at a level.
   *
   * @param t from 0 to T - 1, or -1 for the clean image, where it is 1
   */
  public double alphaBar(int t) {
    return t == -1 ? 1 : alphaBar[t];
  }

  /** {@code beta_t = 1 - alphaBar_t / alphaBar_(t-1)}, t from 0 to T - 1. */
  public double beta(int t) {
    return 1 - alphaBar(t) / alphaBar(t - 1);
  }

  /**
   * What is wrong with a model that predicts so, where it is asked at a level; empty if nothing is.
   * From the noise of an image that is nothing but noise, x0 cannot be had.
   *
   * @param t from 0 to T - 1
   */
  public Optional<String> problemOf(Prediction prediction, int t) {
    return prediction == Prediction.EPS && !(alphaBar(t) > 0)
        ? Optional.of(
            "prediction must be v or x0 where no signal is left (t = %d of this schedule), is eps"
                .formatted(t))
        : Optional.empty();
  }

  /** log(signal / noise): infinite for the clean image, minus infinite where no signal is left. */
  double logSnr(int t) {
    return Math.log(alphaBar(t) / (1 - alphaBar(t)));
  }

  private static double[] betas(ScheduleConfig config) {
    int trainSteps = config.trainSteps();
    double start = config.betaStart();
    double end = config.betaEnd();
    IntToDoubleFunction beta =
        switch (config.kind()) {
          case LINEAR -> i -> between(start, end, i, trainSteps);
          case SCALED_LINEAR, QUAD ->
              i -> square(between(Math.sqrt(start), Math.sqrt(end), i, trainSteps));
          case COSINE ->
              i -> Math.min(1 - cosine(i + 1, trainSteps) / cosine(i, trainSteps), 0.999);
          case CONST -> i -> end;
          case JSD -> i -> 1.0 / (trainSteps - i);
          case SIGMOID ->
              i -> start + (end - start) / (1 + Math.exp(-between(-6, 6, i, trainSteps)));
        };
    double[] betas = new double[trainSteps];
    Arrays.setAll(betas, beta);
    return betas;
  }

  /** Entry i of {@code count} evenly spaced numbers that include both ends. */
  private static double between(double start, double end, int i, int count) {
    return i == 0 ? start : i == count - 1 ? end : start + i * ((end - start) / (count - 1));
  }

  private static double cosine(int i, int trainSteps) {
    return square(Math.cos(((double) i / trainSteps + 0.008) / 1.008 * Math.PI / 2));
  }

  private static double square(double x) {
    return x * x;
  }
}
