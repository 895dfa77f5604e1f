package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.Sampler.Inversion;
import ddim.diffusion.StepTable.Column;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a sampler refuses and with which words, and what its options default to. */
class SamplerTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final NoiseSchedule NO_SIGNAL_AT_LAST = LINEAR.withZeroTerminalSnr();

  private static Sampler.Builder ten() {
    return Preset.DDIM.builder(10);
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "1001", "2147483647"})
  void stepsOutsideTheNoiseLevelsAreRefused(int steps) {
    assertThat(Sampler.ddim(steps, 0).violations(LINEAR, Prediction.EPS))
        .containsExactly(
            new Violation(
                "steps",
                "steps must be from 1 to 1000 (the model's number of noise levels), is " + steps));
  }

  @ParameterizedTest
  @CsvSource({"NaN", "-0.1", "1.1", "Infinity"})
  void etaOutsideItsRangeIsRefused(double eta) {
    assertThat(Sampler.ddim(10, eta).violations(LINEAR, Prediction.EPS))
        .containsExactly(new Violation("eta", "eta must be from 0 to 1, is " + eta));
  }

  static Stream<Arguments> unusable() {
    return Stream.of(
        Arguments.of(ten().order(2), "order", "order must be from 1 to 1 with solver ddim, is 2"),
        Arguments.of(
            ten().solver(Solver.IPNDM).order(5),
            "order",
            "order must be from 1 to 4 with solver ipndm, is 5"),
        Arguments.of(
            ten().solver(Solver.DEIS).order(0),
            "order",
            "order must be from 1 to 3 with solver deis, is 0"),
        Arguments.of(
            ten().solver(Solver.DPM_SOLVER_PP_2M).eta(0.5),
            "eta",
            "eta must be 0 with solver dpm_solver_pp_2m, is 0.5"),
        Arguments.of(
            ten().sigmaHat(true).eta(0.5),
            "sigma_hat",
            "sigma_hat needs the mean of eta 1, eta is 0.5"),
        Arguments.of(ten().offset(1), "offset", "offset must be 0 with spacing quadratic, is 1"),
        Arguments.of(
            ten().timesteps(List.of(0, 1000)),
            "timesteps",
            "timesteps must be from 0 to 999, entry 1 is 1000"),
        Arguments.of(
            ten().timesteps(List.of(-1, 3)),
            "timesteps",
            "timesteps must be from 0 to 999, entry 0 is -1"),
        Arguments.of(
            ten().timesteps(List.of(0, 5, 5)),
            "timesteps",
            "timesteps must rise strictly, entry 2 is 5 after 5"),
        Arguments.of(
            ten().timesteps(List.of(0, 5, 9)).steps(4),
            "steps",
            "steps must be absent or 3, the number of timesteps, is 4"));
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void anUnusableOptionIsRefused(Sampler.Builder options, String field, String message) {
    Sampler sampler = options.build();

    assertThat(sampler.violations(LINEAR, Prediction.EPS))
        .containsExactly(new Violation(field, message));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sampler.table(LINEAR))
        .withMessage(message);
  }

  static Stream<Arguments> unusableForEncoding() {
    return Stream.of(
        Arguments.of(
            ten().eta(0.5),
            Prediction.EPS,
            new Violation(
                "eta", "eta must be 0 to encode (a step with noise has no inverse), is 0.5")),
        Arguments.of(
            ten().solver(Solver.IPNDM).inversion(Inversion.DESTINATION),
            Prediction.EPS,
            new Violation(
                "inversion", "inversion must be source with solver ipndm, is destination")),
        Arguments.of(
            ten(),
            Prediction.X0,
            new Violation(
                "final_alpha_bar",
                "final_alpha_bar must be first to encode with a model that predicts x0 (a clean"
                    + " image does not tell its noise), is one")));
  }

  @ParameterizedTest
  @MethodSource("unusableForEncoding")
  void whatHasNoInverseIsRefused(
      Sampler.Builder options, Prediction prediction, Violation violation) {
    Sampler sampler = options.build();

    assertThat(sampler.violations(LINEAR, prediction)).isEmpty();
    assertThat(sampler.encodeViolations(LINEAR, prediction)).containsExactly(violation);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sampler.encodeTable(LINEAR, prediction))
        .withMessage(violation.message());
  }

  @Test
  void everyViolationIsSaidAtOnce() {
    Sampler sampler = Sampler.ddim(0, 2);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> sampler.table(LINEAR))
        .withMessage(
            "steps must be from 1 to 1000 (the model's number of noise levels), is 0;"
                + " eta must be from 0 to 1, is 2.0");
  }

  @Test
  void pureNoiseCannotBeAskedForItsNoise() {
    Sampler sampler = Sampler.ddim(10, 0);

    assertThat(sampler.violations(NO_SIGNAL_AT_LAST, Prediction.EPS))
        .containsExactly(
            new Violation(
                "prediction",
                "prediction must be v or x0 where no signal is left (t = 999 of this schedule), is"
                    + " eps"));
    assertThat(sampler.violations(NO_SIGNAL_AT_LAST, Prediction.V)).isEmpty();
    assertThat(sampler.violations(NO_SIGNAL_AT_LAST, Prediction.X0)).isEmpty();
    assertThat(ten().spacing(Spacing.LEADING).build().violations(NO_SIGNAL_AT_LAST, Prediction.EPS))
        .as("a list that leaves the last level out")
        .isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void unknownNamesAreRefusedWithTheKnownOnes(Solver solver) {
    assertThat(Solver.named(solver.wireName())).isEqualTo(solver);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Solver.named("euler"))
        .withMessage("solver must be one of ddim, dpm_solver_pp_2m, ipndm, deis, is euler");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Spacing.named(""))
        .withMessage(
            "spacing must be one of quadratic, linspace, leading, trailing, log_snr,"
                + " paper_uniform, paper_quad, is ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Preset.named("DDIM"))
        .withMessage(
            "preset must be one of ddim, paper, diffusers-ddim, ddpm-small, ddpm-large, ermongroup,"
                + " is DDIM");
  }

  @Test
  void ourDefaultIsQuadraticUpToPureNoiseClippedAndDeterministic() {
    StepTable table = Sampler.ddim(10, 0).table(LINEAR);

    assertThat(IntStream.range(0, 10).map(table::timestep))
        .containsExactly(999, 789, 604, 444, 308, 197, 111, 49, 12, 0);
    assertThat(table.clipping()).isEqualTo(Clipping.UNIT);
    assertThat(table.isStochastic()).isFalse();
  }

  @Test
  void orderSpacingAndInversionFollowFromTheSolver() {
    Sampler sampler = ten().solver(Solver.DPM_SOLVER_PP_2M).build();

    assertThat(sampler.order()).isEqualTo(2);
    assertThat(sampler.spacing()).isEqualTo(Spacing.LOG_SNR);
    assertThat(sampler.inversion()).isEqualTo(Inversion.SOURCE);
    assertThat(ten().build().inversion()).isEqualTo(Inversion.DESTINATION);
  }

  @Test
  void explicitTimestepsAreVisitedDownwards() {
    StepTable table = ten().timesteps(List.of(3, 70, 999)).build().table(LINEAR);

    assertThat(IntStream.range(0, table.length()).map(table::timestep)).containsExactly(999, 70, 3);
  }

  @Test
  void encodingWalksUpwardsAndAsksWhereTheInversionSays() {
    Sampler.Builder options = ten().timesteps(List.of(5, 70, 999));

    StepTable source = options.inversion(Inversion.SOURCE).build().encodeTable(LINEAR);
    StepTable destination = options.inversion(Inversion.DESTINATION).build().encodeTable(LINEAR);

    assertThat(IntStream.range(0, 3).map(source::timestep)).containsExactly(0, 5, 70);
    assertThat(IntStream.range(0, 3).map(destination::timestep)).containsExactly(5, 70, 999);
    assertThat(source.clipping()).isEqualTo(Clipping.NONE);
    assertThat(source.get(0, Column.SQRT_ALPHA_BAR)).isEqualTo(1);
    assertThat(destination.get(2, Column.B)).isEqualTo(Math.sqrt(LINEAR.alphaBar(999)));
  }

  @Test
  void theFinalLevelIsTheConventionAskedFor() {
    StepTable one = ten().spacing(Spacing.TRAILING).build().table(LINEAR);
    StepTable first =
        ten().spacing(Spacing.TRAILING).finalAlphaBar(FinalAlphaBar.FIRST).build().table(LINEAR);

    assertThat(one.get(9, Column.B)).isEqualTo(1);
    assertThat(first.get(9, Column.B)).isEqualTo(Math.sqrt(LINEAR.alphaBar(0)));
  }

  @ParameterizedTest
  @CsvSource({
    "DDIM, 50",
    "PAPER, 49",
    "DIFFUSERS_DDIM, 50",
    "DDPM_SMALL, 1000",
    "DDPM_LARGE, 1000",
    "ERMONGROUP, 1000"
  })
  void presetsHaveTheirOwnNumberOfSteps(Preset preset, int calls) {
    Sampler sampler = preset.defaultBuilder(1000).build();

    assertThat(Preset.named(preset.wireName())).isEqualTo(preset);
    assertThat(sampler.violations(LINEAR, Prediction.EPS)).isEmpty();
    assertThat(sampler.table(LINEAR).length()).isEqualTo(calls);
  }

  @Test
  void ddpmDrawsNoiseInAllStepsButTheLast() {
    StepTable small = Preset.DDPM_SMALL.builder(10).build().table(LINEAR);
    StepTable large = Preset.DDPM_LARGE.builder(10).build().table(LINEAR);

    for (int k = 0; k < 9; k++) {
      assertThat(small.get(k, Column.SIGMA)).isPositive();
      assertThat(large.get(k, Column.SIGMA)).isGreaterThan(small.get(k, Column.SIGMA));
    }
    assertThat(small.get(9, Column.SIGMA)).isZero();
    assertThat(large.get(9, Column.SIGMA)).isZero();
  }
}
