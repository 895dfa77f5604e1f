package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.ScheduleConfig.Kind;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * How fast the error falls with the number of steps, against the exact flow of Gaussian data:
 * {@code (x - sqrt(A) mu) / sqrt(A s^2 + 1 - A)} stays constant.
 */
class ConvergenceTest {
  private static final double MEAN = 0.25;
  private static final double DEVIATION = 0.5;
  private static final double START = 1.5;
  private static final Mixture GAUSS = new Mixture(DEVIATION, new double[] {MEAN});
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  /** The same noise over ten times as many levels, where higher orders are not lost in rounding. */
  private static final NoiseSchedule FINE =
      NoiseSchedule.of(new ScheduleConfig(Kind.LINEAR, 10_000, 1e-5, 2e-3, false));

  private static double exact(double x, double from, double to) {
    double white =
        (x - Math.sqrt(from) * MEAN) / Math.sqrt(from * DEVIATION * DEVIATION + 1 - from);
    return Math.sqrt(to) * MEAN + white * Math.sqrt(to * DEVIATION * DEVIATION + 1 - to);
  }

  /** From the last level to the first: the step to a clean image is of first order in all. */
  private static double samplingError(Solver solver, int order, Spacing spacing, int steps) {
    StepTable table =
        Preset.PAPER
            .builder(steps)
            .solver(solver)
            .order(order)
            .spacing(spacing)
            .finalAlphaBar(FinalAlphaBar.FIRST)
            .build()
            .table(FINE);
    double end = new ReferenceLoop(GAUSS, Prediction.EPS).run(table, START)[0];
    return Math.abs(end - exact(START, FINE.alphaBar(9999), FINE.alphaBar(0)));
  }

  @ParameterizedTest
  @CsvSource({
    "DDIM,             1, LINSPACE,  0.99, 0.02",
    "DDIM,             1, QUADRATIC, 1.00, 0.02",
    "DPM_SOLVER_PP_2M, 2, LOG_SNR,   2.00, 0.05",
    "IPNDM,            2, LOG_SNR,   2.00, 0.05",
    "IPNDM,            3, QUADRATIC, 2.05, 0.10",
    "DEIS,             1, QUADRATIC, 1.96, 0.05",
    "DEIS,             2, QUADRATIC, 2.85, 0.10",
    "DEIS,             3, QUADRATIC, 3.30, 0.15",
  })
  void samplingErrorFallsWithTheOrderOfTheSolver(
      Solver solver, int order, Spacing spacing, double expected, double tolerance) {
    double fitted =
        log2(samplingError(solver, order, spacing, 20) / samplingError(solver, order, spacing, 160))
            / 3;

    assertThat(fitted).isCloseTo(expected, within(tolerance));
  }

  @ParameterizedTest
  @EnumSource
  void roundTripErrorFallsAsOneOverTheSteps(Sampler.Inversion inversion) {
    JsonNode golden =
        Goldens.read("trajectory-goldens.json")
            .get("inversion")
            .get("gauss")
            .get(inversion.name().toLowerCase(Locale.ROOT));

    double fitted =
        fittedOrder(
            steps ->
                roundTripError(
                    Preset.PAPER
                        .builder(steps)
                        .spacing(Spacing.LINSPACE)
                        .inversion(inversion)
                        .build()));

    assertThat(fitted)
        .isCloseTo(golden.get("fitted_order_round_trip").asDouble(), within(1e-3))
        .isCloseTo(1, within(0.05));
  }

  /** Minus the slope of log(error) over log(steps), by least squares from 10 to 1000 steps. */
  private static double fittedOrder(IntToDoubleFunction error) {
    double[] x = IntStream.of(10, 20, 50, 100, 200, 500, 1000).mapToDouble(Math::log).toArray();
    double[] y =
        Arrays.stream(x)
            .map(log -> Math.log(error.applyAsDouble((int) Math.round(Math.exp(log)))))
            .toArray();
    double meanX = Arrays.stream(x).average().orElseThrow();
    double meanY = Arrays.stream(y).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (int i = 0; i < x.length; i++) {
      covariance += (x[i] - meanX) * (y[i] - meanY);
      variance += (x[i] - meanX) * (x[i] - meanX);
    }
    return -covariance / variance;
  }

  private static double roundTripError(Sampler sampler) {
    boolean atSource = sampler.inversion() == Sampler.Inversion.SOURCE;
    ReferenceLoop encoder =
        new ReferenceLoop(
            (x, t, level) -> GAUSS.eps(x, atSource ? level : LINEAR.alphaBar(t)), Prediction.EPS);
    double image = -0.75;
    double[] latent = encoder.run(sampler.encodeTable(LINEAR), image);
    double[] decoded = new ReferenceLoop(GAUSS, Prediction.EPS).run(sampler.table(LINEAR), latent);
    return Math.abs(decoded[0] - image);
  }

  @ParameterizedTest
  @CsvSource({"DPM_SOLVER_PP_2M, 2", "IPNDM, 10", "DEIS, 2"})
  void multistepSolversEncodeAndDecodeMoreCloselyThanDdim(Solver solver, double times) {
    double ddim = roundTripError(Preset.PAPER.builder(20).spacing(Spacing.QUADRATIC).build());

    double multistep =
        roundTripError(
            Preset.PAPER.builder(20).spacing(solver.defaultSpacing()).solver(solver).build());

    assertThat(ddim / multistep).isGreaterThan(times);
  }

  @Test
  void theFlowOfAMixtureIsExactForOneGaussian() {
    double from = LINEAR.alphaBar(999);

    assertThat(GAUSS.flow(new double[] {START}, from, 1)[0])
        .isCloseTo(exact(START, from, 1), within(1e-7));
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
