package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.ScheduleConfig.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoiseScheduleTest {
  private static NoiseSchedule schedule(Kind kind, int trainSteps, double start, double end) {
    return NoiseSchedule.of(new ScheduleConfig(kind, trainSteps, start, end, false));
  }

  /** Each formula worked out by hand for three or four levels. */
  @ParameterizedTest
  @CsvSource({
    "LINEAR, 3, 0.1, 0.3, 0.9, 0.72, 0.504",
    "QUAD, 3, 0.01, 0.09, 0.99, 0.9504, 0.864864",
    "SCALED_LINEAR, 3, 0.01, 0.09, 0.99, 0.9504, 0.864864",
    "CONST, 3, 0, 0.5, 0.5, 0.25, 0.125",
    "JSD, 4, 0, 0, 0.75, 0.5, 0.25",
    "SIGMOID, 3, 0.2, 0.4, 0.799505475368673, 0.559653832758071, 0.336069062260158",
    "COSINE, 3, 0, 0, 0.7428836293917329, 0.24644816766240815, 0.0002464481676624084",
  })
  void formulasAreTheReferences(
      Kind kind,
      int trainSteps,
      double start,
      double end,
      double first,
      double second,
      double third) {
    NoiseSchedule schedule = schedule(kind, trainSteps, start, end);

    assertThat(schedule.trainSteps()).isEqualTo(trainSteps);
    assertThat(schedule.alphaBar(-1)).isEqualTo(1);
    assertThat(schedule.alphaBar(0)).isCloseTo(first, within(1e-12));
    assertThat(schedule.alphaBar(1)).isCloseTo(second, within(1e-12));
    assertThat(schedule.alphaBar(2)).isCloseTo(third, within(1e-12));
  }

  @Test
  void jsdEndsWithoutSignal() {
    assertThat(schedule(Kind.JSD, 1000, 0, 0).alphaBar(999)).isZero();
  }

  @Test
  void zeroTerminalSnrKeepsTheFirstLevelAndEndsWithoutSignal() {
    NoiseSchedule linear = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

    NoiseSchedule rescaled =
        NoiseSchedule.of(new ScheduleConfig(Kind.LINEAR, 1000, 1e-4, 0.02, true));

    assertThat(rescaled.alphaBar(0)).isCloseTo(linear.alphaBar(0), within(1e-15));
    assertThat(rescaled.alphaBar(999)).isZero();
  }

  @Test
  void explicitBetasAreMultipliedUp() {
    NoiseSchedule schedule = NoiseSchedule.ofBetas(0.1, 0.5, 1);

    assertThat(schedule.alphaBar(1)).isCloseTo(0.45, within(1e-15));
    assertThat(schedule.alphaBar(2)).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "0, betas must be above 0 and at most 1; entry 1 is 0.0",
    "-0.1, betas must be above 0 and at most 1; entry 1 is -0.1",
    "1.5, betas must be above 0 and at most 1; entry 1 is 1.5",
    "NaN, betas must be above 0 and at most 1; entry 1 is NaN",
    "1, alphaBar must fall strictly and not below 0: it is 0.0 at t = 2 after 0.0",
  })
  void otherBetasAreRefused(double beta, String messageWithSemicolon) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> NoiseSchedule.ofBetas(0.1, beta, 0.1))
        .withMessage(messageWithSemicolon.replace(';', ','));
  }

  @Test
  void noBetasAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(NoiseSchedule::ofBetas)
        .withMessage("betas must be from 1 to 1000000 numbers, are 0");
  }

  @Test
  void oneLevelCannotBeRescaled() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> NoiseSchedule.ofBetas(0.1).withZeroTerminalSnr())
        .withMessage("zero terminal SNR needs at least 2 noise levels, has 1");
  }

  @Test
  void aConfigurationNamesEverythingThatIsWrong() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ScheduleConfig(Kind.LINEAR, 0, -1, 1, true))
        .withMessage(
            "noise schedule: trainSteps must be from 1 to 1000000, is 0;"
                + " betaEnd must be above 0 and below 1, is 1.0;"
                + " betaStart must be above 0 and at most betaEnd, is -1.0;"
                + " zeroTerminalSnr needs trainSteps of at least 2, is 0");
  }

  @Test
  void numbersThatAFormulaDoesNotUseAreNotChecked() {
    assertThat(schedule(Kind.COSINE, 10, -1, Double.NaN).trainSteps()).isEqualTo(10);
  }
}
