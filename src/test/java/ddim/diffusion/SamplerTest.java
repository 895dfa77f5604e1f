package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a sampler refuses, and with which words. */
class SamplerTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

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
  void explicitTimestepsAreVisitedDownwards() {
    Sampler sampler = Preset.DDIM.builder(1).timesteps(List.of(3, 70, 999)).build();

    StepTable table = sampler.table(LINEAR);

    assertThat(table.length()).isEqualTo(3);
    assertThat(table.timestep(0)).isEqualTo(999);
    assertThat(table.timestep(1)).isEqualTo(70);
    assertThat(table.timestep(2)).isEqualTo(3);
  }
}
