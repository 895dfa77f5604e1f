package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimestepsTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  private static NoiseSchedule levels(int trainSteps) {
    return NoiseSchedule.of(
        new ScheduleConfig(ScheduleConfig.Kind.LINEAR, trainSteps, 1e-4, 0.02, false));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 100, 997, 1000, 4000})
  void quadraticIsItsFormulaForEveryNumberOfSteps(int trainSteps) {
    NoiseSchedule schedule = levels(trainSteps);
    for (int steps = 2; steps <= trainSteps; steps++) {
      int[] tau = Timesteps.of(Spacing.QUADRATIC, schedule, steps, 0);

      long square = (long) (steps - 1) * (steps - 1);
      for (int i = 0; i < steps; i++) {
        long rounded = (2L * i * i * (trainSteps - 1) + square) / (2 * square);
        assertThat((long) tau[i]).isEqualTo(Math.max(i, rounded));
      }
      assertVisits(tau, trainSteps, steps);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LINSPACE, 1000",
    "TRAILING, 1000",
    "LOG_SNR, 1000",
    "LINSPACE, 997",
    "TRAILING, 997",
    "LOG_SNR, 250",
    "LINSPACE, 2",
    "TRAILING, 2",
    "LOG_SNR, 2"
  })
  void everyNumberOfStepsIsExact(Spacing spacing, int trainSteps) {
    NoiseSchedule schedule = levels(trainSteps);
    for (int steps = 1; steps <= trainSteps; steps++) {
      assertVisits(Timesteps.of(spacing, schedule, steps, 0), trainSteps, steps);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 50, 249, 250})
  void logSnrVisitsALastLevelWithoutSignal(int steps) {
    NoiseSchedule schedule = levels(250).withZeroTerminalSnr();

    assertVisits(Timesteps.of(Spacing.LOG_SNR, schedule, steps, 0), 250, steps);
  }

  private static void assertVisits(int[] tau, int trainSteps, int steps) {
    assertThat(tau).hasSize(steps);
    assertThat(tau[0]).isNotNegative();
    for (int i = 1; i < steps; i++) {
      assertThat(tau[i]).isGreaterThan(tau[i - 1]);
    }
    assertThat(tau[steps - 1]).isEqualTo(trainSteps - 1);
  }

  @ParameterizedTest
  @EnumSource
  void oneStepStartsAtPureNoise(Spacing spacing) {
    assertThat(Timesteps.of(spacing, LINEAR, 1, 0)).containsExactly(999);
  }

  @Test
  void logSnrIsEvenlySpacedInLogSnr() {
    int[] tau = Timesteps.of(Spacing.LOG_SNR, LINEAR, 5, 0);

    double step = (LINEAR.logSnr(999) - LINEAR.logSnr(0)) / 4;
    for (int i = 1; i < 4; i++) {
      int nearest = tau[i];
      double wanted = LINEAR.logSnr(0) + i * step;
      assertThat(Math.abs(LINEAR.logSnr(nearest) - wanted))
          .isLessThanOrEqualTo(Math.abs(LINEAR.logSnr(nearest - 1) - wanted))
          .isLessThanOrEqualTo(Math.abs(LINEAR.logSnr(nearest + 1) - wanted));
    }
  }

  @Test
  void paperQuadVisitsRepeatedLevelsOnce() {
    int[] tau = Timesteps.of(Spacing.PAPER_QUAD, LINEAR, 50, 0);

    assertThat(tau).hasSize(49).doesNotHaveDuplicates();
    assertThat(Arrays.copyOf(tau, 4)).containsExactly(0, 1, 2, 5);
    assertThat(tau[48]).isEqualTo(800);
  }

  @Test
  void leadingAddsItsOffset() {
    assertThat(Timesteps.of(Spacing.LEADING, LINEAR, 4, 3)).containsExactly(3, 253, 503, 753);
  }

  @ParameterizedTest
  @CsvSource({
    "LEADING, 1000, 1, offset must be from 0 to 0 with 1000 steps of spacing leading; is 1",
    "LEADING, 10, 100, offset must be from 0 to 99 with 10 steps of spacing leading; is 100",
    "LEADING, 10, -1, offset must be from 0 to 99 with 10 steps of spacing leading; is -1",
    "QUADRATIC, 10, 1, offset must be 0 with spacing quadratic; is 1",
    "LEADING, 600, 0, steps must let spacing leading start close to noise: 600 steps start at t ="
        + " 599 of 1000",
    "PAPER_UNIFORM, 30, 0, steps must be a number that spacing paper_uniform can have: it makes 31"
        + " steps of 30",
  })
  void whatCannotBeIsRefusedWithTheReason(
      Spacing spacing, int steps, int offset, String messageWithSemicolons) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Timesteps.of(spacing, LINEAR, steps, offset))
        .withMessage(messageWithSemicolons.replace("; is", ", is"));
  }
}
