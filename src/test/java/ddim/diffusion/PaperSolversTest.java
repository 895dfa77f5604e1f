package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each multistep table against the solver as its paper writes it: loops over lists, with nothing of
 * step tables in them.
 */
class PaperSolversTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final Mixture DATA =
      new Mixture(0.1, new double[] {-0.8}, new double[] {0.1}, new double[] {0.7});
  private static final double START = 0.9;

  private static double alpha(int t) {
    return Math.sqrt(LINEAR.alphaBar(t));
  }

  private static double sigma(int t) {
    return Math.sqrt(1 - LINEAR.alphaBar(t));
  }

  private static double lambda(int t) {
    return Math.log(alpha(t) / sigma(t));
  }

  private static double eps(double x, int t) {
    return DATA.eps(new double[] {x}, LINEAR.alphaBar(t))[0];
  }

  /** The levels from noise to the clean image. */
  private static int[] downwards(Spacing spacing, int steps) {
    int[] tau = Timesteps.of(spacing, LINEAR, steps, 0);
    int[] path = new int[steps + 1];
    for (int i = 0; i < steps; i++) {
      path[i] = tau[steps - 1 - i];
    }
    path[steps] = -1;
    return path;
  }

  private static double byTable(
      Solver solver, int order, Spacing spacing, int steps, Clipping clipping) {
    StepTable table =
        Preset.PAPER
            .builder(steps)
            .solver(solver)
            .order(order)
            .spacing(spacing)
            .clipping(clipping)
            .build()
            .table(LINEAR);
    return new ReferenceLoop(DATA, Prediction.EPS).run(table, START)[0];
  }

  @ParameterizedTest
  @CsvSource({
    "QUADRATIC, 1, 1e9",
    "QUADRATIC, 10, 1e9",
    "LOG_SNR, 10, 0.5",
    "LINSPACE, 25, 0.5",
    "TRAILING, 50, 1e9",
    "LINSPACE, 1000, 1"
  })
  void dpmSolverPpIsAlgorithmTwoOfItsPaper(Spacing spacing, int steps, double range) {
    int[] t = downwards(spacing, steps);
    double x = START;
    double before = 0;
    for (int i = 1; i <= steps; i++) {
      double e = eps(x, t[i - 1]);
      double x0 = (x - sigma(t[i - 1]) * e) / alpha(t[i - 1]);
      x0 = Math.max(-range, Math.min(range, x0));
      double d = x0;
      if (i > 1 && i < steps) {
        double r = (lambda(t[i - 1]) - lambda(t[i - 2])) / (lambda(t[i]) - lambda(t[i - 1]));
        d = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before;
      }
      double h = lambda(t[i]) - lambda(t[i - 1]);
      x = sigma(t[i]) / sigma(t[i - 1]) * x - alpha(t[i]) * Math.expm1(-h) * d;
      before = x0;
    }

    assertThat(byTable(Solver.DPM_SOLVER_PP_2M, 2, spacing, steps, Clipping.to(range)))
        .isCloseTo(x, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource({
    "1, QUADRATIC, 10", "2, QUADRATIC, 10", "3, QUADRATIC, 10", "4, QUADRATIC, 10",
    "4, QUADRATIC, 2", "4, LINSPACE, 20", "3, LOG_SNR, 50", "4, LINSPACE, 1000"
  })
  void ipndmIsTheAdamsBashforthOfItsPaper(int order, Spacing spacing, int steps) {
    int[] t = downwards(spacing, steps);
    double x = START;
    List<Double> e = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      e.add(0, eps(x, t[i]));
      int known = Math.min(order, e.size());
      double combined =
          known == 1
              ? e.get(0)
              : known == 2
                  ? (3 * e.get(0) - e.get(1)) / 2
                  : known == 3
                      ? (23 * e.get(0) - 16 * e.get(1) + 5 * e.get(2)) / 12
                      : (55 * e.get(0) - 59 * e.get(1) + 37 * e.get(2) - 9 * e.get(3)) / 24;
      double x0 = (x - sigma(t[i]) * combined) / alpha(t[i]);
      x = alpha(t[i + 1]) * x0 + sigma(t[i + 1]) * combined;
    }

    assertThat(byTable(Solver.IPNDM, order, spacing, steps, Clipping.NONE))
        .isCloseTo(x, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource({
    "1, QUADRATIC, 10",
    "2, QUADRATIC, 10",
    "3, QUADRATIC, 10",
    "3, QUADRATIC, 2",
    "3, LINSPACE, 20",
    "2, TRAILING, 10",
    "3, LOG_SNR, 20"
  })
  void deisIsEquationFifteenOfItsPaper(int order, Spacing spacing, int steps) {
    int[] t = downwards(spacing, steps);
    double x = START;
    List<Double> e = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      e.add(0, eps(x, t[i]));
      int degree = Math.min(order, i);
      double next = alpha(t[i + 1]) / alpha(t[i]) * x;
      for (int j = 0; j <= degree; j++) {
        next += coefficient(t, i, j, degree) * e.get(j);
      }
      x = next;
    }

    assertThat(byTable(Solver.DEIS, order, spacing, steps, Clipping.NONE))
        .isCloseTo(x, within(1e-6));
  }

  /**
   * C_ij, the integral from t_i to t_i+1 of beta / 2 * Psi(t_i+1, tau) / sigma(tau) times prod (tau
   * - t_i-k) / (t_i-j - t_i-k): the midpoint rule in q = sqrt(tau - m) over each [m, m + 1].
   */
  private static double coefficient(int[] t, int i, int j, int degree) {
    int points = 1000;
    double sum = 0;
    for (int m = t[i + 1]; m < t[i]; m++) {
      double beta = Math.log(LINEAR.alphaBar(m) / LINEAR.alphaBar(m + 1));
      for (int p = 0; p < points; p++) {
        double q = (p + 0.5) / points;
        double tau = m + q * q;
        double alphaBar = LINEAR.alphaBar(m) * Math.exp(-beta * q * q);
        double psi = alpha(t[i + 1]) / Math.sqrt(alphaBar);
        double polynomial = 1;
        for (int k = 0; k <= degree; k++) {
          if (k != j) {
            polynomial *= (tau - t[i - k]) / (t[i - j] - t[i - k]);
          }
        }
        sum -= beta / 2 * psi / Math.sqrt(1 - alphaBar) * polynomial * 2 * q / points;
      }
    }
    return sum;
  }

  /**
   * Through two predictions the integral is known: t is linear in log(1 + r^2) between two levels,
   * whose integral over r is r log(1 + r^2) - 2 r + 2 atan(r).
   */
  @ParameterizedTest
  @CsvSource({"4, 3, 1, -1", "4, 3, 2, 0", "1000, 999, 789, 604", "1000, 12, 0, -1"})
  void deisWeightsOfTwoPredictionsAreTheClosedForm(int trainSteps, int before, int t, int s) {
    NoiseSchedule schedule =
        NoiseSchedule.of(
            new ScheduleConfig(ScheduleConfig.Kind.LINEAR, trainSteps, 1e-4, 0.9, false));
    double integralOfTime = 0;
    for (int m = s; m < t; m++) {
      double start = Math.log(schedule.alphaBar(m));
      double slope = Math.log(schedule.alphaBar(m + 1)) - start;
      double width = r(schedule, m + 1) - r(schedule, m);
      double logs = integralOfLog(r(schedule, m + 1)) - integralOfLog(r(schedule, m));
      integralOfTime += m * width - (logs + start * width) / slope;
    }
    double meanTime = integralOfTime / (r(schedule, t) - r(schedule, s));

    double[] weights = Multistep.deis(schedule, new int[] {t, before}, s);

    assertThat(weights[0]).isCloseTo((meanTime - before) / (t - before), within(1e-9));
    assertThat(weights[1]).isCloseTo((meanTime - t) / (before - t), within(1e-9));
  }

  private static double r(NoiseSchedule schedule, int t) {
    return Math.sqrt((1 - schedule.alphaBar(t)) / schedule.alphaBar(t));
  }

  private static double integralOfLog(double r) {
    return r * Math.log1p(r * r) - 2 * r + 2 * Math.atan(r);
  }
}
