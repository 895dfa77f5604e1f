package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.nn.UNetConfig;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TrajectoryTimingTest {
  private static final StepTable TEN_STEPS =
      Sampler.ddim(10, 0).table(NoiseSchedule.of(ScheduleConfig.LINEAR_1000), Prediction.EPS);

  @Test
  void aCallCostsTenAndAStepOneMillisecond() {
    CountingModel model = new CountingModel(0);

    TrajectoryTiming timing =
        TrajectoryTiming.measure(model, new long[] {1, 2}, TEN_STEPS, model::nanoTime);

    assertThat(timing.whole()).isEqualTo(Duration.ofMillis(10 + 10));
    assertThat(timing.stepwise()).isEqualTo(Duration.ofMillis(10 * (10 + 1)));
    assertThat(timing.largestDifference()).isZero();
  }

  @Test
  void picturesThatDifferAreAFailure() {
    CountingModel model = new CountingModel(0.01f);

    assertThatThrownBy(
            () -> TrajectoryTiming.measure(model, new long[] {1, 2}, TEN_STEPS, model::nanoTime))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "the pictures of one graph call and of one call a step differ by 0.0");
  }

  @Test
  void picturesThatAreNoNumbersAreAFailure() {
    CountingModel model = new CountingModel(Float.NaN);

    assertThatThrownBy(
            () -> TrajectoryTiming.measure(model, new long[] {1, 2}, TEN_STEPS, model::nanoTime))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("differ by NaN");
  }

  /** Every step adds 1 to every pixel, every call an error; a clock tells what that costs. */
  private static final class CountingModel implements SamplingModel {
    private final float errorOfACall;
    private long millis;

    CountingModel(float errorOfACall) {
      this.errorOfACall = errorOfACall;
    }

    long nanoTime() {
      return Duration.ofMillis(millis).toNanos();
    }

    @Override
    public ModelSpec spec() {
      return new ModelSpec(
          UNetConfig.tiny(),
          ScheduleConfig.LINEAR_1000,
          Prediction.EPS,
          "none",
          "CC0-1.0",
          0,
          0,
          "00");
    }

    @Override
    public float[][] latents(long[] seeds) {
      float[][] latents = new float[seeds.length][2];
      for (int i = 0; i < seeds.length; i++) {
        latents[i][0] = seeds[i];
      }
      return latents;
    }

    @Override
    public void advance(
        List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
      int steps = Math.min(columns, rows.get(0).remaining());
      millis += 10 + steps;
      for (Trajectory row : rows) {
        float[] x = {row.x()[0] + steps + errorOfACall, row.x()[1] + steps};
        row.advanced(steps, x, x, row.history());
      }
    }

    @Override
    public void close() {}
  }
}
