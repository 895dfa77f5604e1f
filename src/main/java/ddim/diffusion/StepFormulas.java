package ddim.diffusion;

import ddim.diffusion.StepTable.Column;

/**
 * The numbers of one step, from a noise level t to a level s, as columns of a {@link StepTable}.
 *
 * <p>A level is given by its alphaBar; s is below t when sampling and above it when encoding.
 */
final class StepFormulas {
  private StepFormulas() {}

  /**
   * DDIM, eq. 12 and 16: {@code xs = sqrt(alphaBarS) x0 + sqrt(1 - alphaBarS - sigma^2) eps + sigma
   * z} with {@code sigma = eta sqrt((1 - alphaBarS) / (1 - alphaBarT)) sqrt(1 - alphaBarT /
   * alphaBarS)}.
   *
   * @param eta from 0 to 1; 0 where s is above t
   */
  static double[] ddim(double alphaBarT, double alphaBarS, double eta) {
    double sigma =
        eta == 0
            ? 0
            : eta * Math.sqrt((1 - alphaBarS) / (1 - alphaBarT)) * sigmaHat(alphaBarT, alphaBarS);
    double[] step = new double[Column.values().length];
    step[Column.SQRT_ALPHA_BAR.ordinal()] = Math.sqrt(alphaBarT);
    step[Column.SQRT_ONE_MINUS_ALPHA_BAR.ordinal()] = Math.sqrt(1 - alphaBarT);
    step[Column.B.ordinal()] = Math.sqrt(alphaBarS);
    // With eta = 1 and alphaBarT = 0 nothing is left under the root but rounding.
    step[Column.C.ordinal()] = Math.sqrt(Math.max(0, 1 - alphaBarS - sigma * sigma));
    step[Column.SIGMA.ordinal()] = sigma;
    return step;
  }

  /** The larger deviation of the DDIM paper, section 5; the square root of DDPM's beta. */
  static double sigmaHat(double alphaBarT, double alphaBarS) {
    return Math.sqrt(1 - alphaBarT / alphaBarS);
  }

  /** The same step with eps replaced by {@code (xt - sqrt(alphaBarT) x0) / sqrt(1 - alphaBarT)}. */
  static void rederiveEps(double[] step) {
    double a = step[Column.C.ordinal()] / step[Column.SQRT_ONE_MINUS_ALPHA_BAR.ordinal()];
    step[Column.A.ordinal()] = a;
    step[Column.B.ordinal()] -= a * step[Column.SQRT_ALPHA_BAR.ordinal()];
    step[Column.C.ordinal()] = 0;
  }
}
