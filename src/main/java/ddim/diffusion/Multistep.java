package ddim.diffusion;

import ddim.diffusion.StepTable.Column;

/** The steps of the linear multistep solvers, each as a change of the step of DDIM. */
final class Multistep {
  /** Gauss and Legendre's 8 points on [-1, 1], the positive half. */
  private static final double[] NODES = {
    0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363
  };

  private static final double[] NODE_WEIGHTS = {
    0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763
  };

  private Multistep() {}

  /**
   * DPM-Solver++(2M): Lu et al., <a href="https://arxiv.org/abs/2211.01095">DPM-Solver++</a>,
   * algorithm 2, with h the steps in log-SNR:
   *
   * <pre>
   *   D  = (1 + h / (2 hBefore)) x0 - h / (2 hBefore) x0Before
   *   xs = sqrt((1 - alphaBarS) / (1 - alphaBarT)) xt + sqrt(alphaBarS) (1 - exp(-h)) D
   * </pre>
   *
   * <p>Of first order, D = x0, this is DDIM with eps derived again from x0. So is the step to a
   * clean image, where h is infinite.
   */
  static void dpmSolverPp(double[] step, NoiseSchedule schedule, int[] known, int next) {
    step[Column.V.ordinal()] = 1;
    if (step[Column.C.ordinal()] != 0 && step[Column.SQRT_ONE_MINUS_ALPHA_BAR.ordinal()] != 0) {
      StepFormulas.rederiveEps(step);
    }
    if (known.length == 1 || schedule.alphaBar(next) == 1) {
      return;
    }
    double h = schedule.logSnr(next) - schedule.logSnr(known[0]);
    double before = schedule.logSnr(known[0]) - schedule.logSnr(known[1]);
    double onX0 = step[Column.B.ordinal()];
    step[Column.B.ordinal()] = onX0 * (1 + h / (2 * before));
    step[Column.D1.ordinal()] = -onX0 * h / (2 * before);
  }

  /**
   * Replaces eps by {@code epsHat = w0 eps + w1 h1 + w2 h2 + w3 h3} in the step that follows the
   * equation of DDIM, {@code d(x / sqrt(alphaBar)) = eps d(sqrt((1 - alphaBar) / alphaBar))}:
   *
   * <pre>
   *   xs = DDIM(x0, eps) + (sqrt(1 - alphaBarS) - sqrt(alphaBarS (1 - alphaBarT) / alphaBarT))
   *        * (epsHat - eps)
   * </pre>
   *
   * <p>Without clipping that is {@code DDIM(epsHat)}. With it, the clipped x0 enters as it does in
   * DDIM, and the correction is of noise predictions alone, as the network made them.
   *
   * @param weights of sum 1, the newest first
   */
  static void extrapolateEps(double[] step, double alphaBarS, double[] weights) {
    if (weights.length == 1) {
      return;
    }
    double noiseToSignal =
        step[Column.SQRT_ONE_MINUS_ALPHA_BAR.ordinal()] / step[Column.SQRT_ALPHA_BAR.ordinal()];
    double onEps = Math.sqrt(1 - alphaBarS) - Math.sqrt(alphaBarS) * noiseToSignal;
    step[Column.C.ordinal()] += onEps * (weights[0] - 1);
    for (int j = 1; j < weights.length; j++) {
      step[Column.D1.ordinal() + j - 1] = onEps * weights[j];
    }
  }

  /** The weights of Adams and Bashforth for this many predictions, the newest first. */
  static double[] adamsBashforth(int count) {
    return switch (count) {
      case 1 -> new double[] {1};
      case 2 -> new double[] {3 / 2., -1 / 2.};
      case 3 -> new double[] {23 / 12., -16 / 12., 5 / 12.};
      case 4 -> new double[] {55 / 24., -59 / 24., 37 / 24., -9 / 24.};
      default -> throw new IllegalArgumentException("no weights for " + count + " predictions");
    };
  }

  /**
   * The weights of tAB-DEIS: Zhang, Chen, <a href="https://arxiv.org/abs/2204.13902">DEIS</a>, eq.
   * 15. With {@code r = sqrt((1 - alphaBar) / alphaBar)} the equation is {@code d(x /
   * sqrt(alphaBar)) = eps dr}, and the weight of a prediction is the integral over dr of its
   * Lagrange polynomial in t, divided by the integral of 1.
   *
   * <p>Between two levels log(alphaBar) is linear in t. In {@code u = asinh(r)} the integrand is
   * then smooth, {@code 1 / alphaBar = cosh(u)^2}, and 8 points a level give 12 digits and more.
   *
   * @param known the levels of the predictions, different, the newest (t) first
   * @param next s, another level than t
   */
  static double[] deis(NoiseSchedule schedule, int[] known, int next) {
    double[] integrals = new double[known.length];
    double sum = 0;
    for (int t = Math.min(known[0], next); t < Math.max(known[0], next); t++) {
      double start = scaledNoise(schedule, t);
      double halfWidth = (scaledNoise(schedule, t + 1) - start) / 2;
      for (int node = 0; node < 2 * NODES.length; node++) {
        double point = NODES[node / 2] * (node % 2 == 0 ? 1 : -1);
        double u = start + halfWidth * (1 + point);
        double weight = halfWidth * NODE_WEIGHTS[node / 2] * Math.cosh(u);
        double time = t + share(schedule, t, -2 * Math.log(Math.cosh(u)));
        sum += weight;
        for (int j = 0; j < known.length; j++) {
          integrals[j] += weight * lagrange(known, j, time);
        }
      }
    }
    for (int j = 0; j < known.length; j++) {
      integrals[j] /= sum;
    }
    return integrals;
  }

  private static double scaledNoise(NoiseSchedule schedule, int t) {
    double r = Math.sqrt((1 - schedule.alphaBar(t)) / schedule.alphaBar(t));
    return Math.log(r + Math.sqrt(r * r + 1));
  }

  /** How far log(alphaBar) is between levels t and t + 1, from 0 to 1. */
  private static double share(NoiseSchedule schedule, int t, double logAlphaBar) {
    double start = Math.log(schedule.alphaBar(t));
    return (logAlphaBar - start) / (Math.log(schedule.alphaBar(t + 1)) - start);
  }

  /** The polynomial that is 1 at node j and 0 at the others. */
  private static double lagrange(int[] nodes, int j, double time) {
    double product = 1;
    for (int i = 0; i < nodes.length; i++) {
      if (i != j) {
        product *= (time - nodes[i]) / (nodes[j] - nodes[i]);
      }
    }
    return product;
  }
}
