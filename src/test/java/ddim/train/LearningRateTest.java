package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.model.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How large the steps of a run are. */
class LearningRateTest {
  private static final TrainConfig DECAYING =
      TrainConfig.parse(
          "{\"base\": \"tiny\", \"learning_rate\": 8e-4, \"warmup_steps\": 4, \"decay_steps\": 12}",
          "test");

  @TempDir Path folder;

  /** After the warm-up 8e-4 (1 + cos(pi k / 8)) / 2 for k = 0 to 8. */
  @ParameterizedTest(name = "step {0}: {1}")
  @CsvSource({
    "0, 2e-4",
    "1, 4e-4",
    "3, 8e-4",
    "4, 8e-4",
    "6, 6.828427e-4",
    "8, 4e-4",
    "10, 1.171573e-4",
    "11, 3.044818e-5",
    "12, 0",
    "13, 0"
  })
  void risesInALineAndFallsAlongHalfACosine(long step, double expected) {
    assertThat(DECAYING.learningRateAt(step)).isCloseTo(expected, within(1e-10));
  }

  @ParameterizedTest
  @CsvSource({"fashion-mnist, 5e-4", "cifar10, 2e-4", "celeba64, 2e-4", "lsun256, 2e-5"})
  void staysAfterTheWarmUpByDefault(String name, double expected) {
    assertThat(TrainConfig.named(name).learningRateAt(10_000_000)).isEqualTo(expected);
  }

  @Test
  void aRecipeWithoutWarmUpFallsFromItsFirstStep() {
    TrainConfig config =
        TrainConfig.parse(
            "{\"base\": \"tiny\", \"learning_rate\": 1, \"warmup_steps\": 0, \"decay_steps\": 2}",
            "test");
    assertThat(config.learningRateAt(0)).isEqualTo(1);
    assertThat(config.learningRateAt(1)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void aDecayThatIsInterruptedIsTheUninterruptedOneBitForBit() throws Exception {
    Path whole = folder.resolve("whole");
    Path resumed = folder.resolve("resumed");

    Trainer.run(DECAYING, new TinyImages(), whole, 12, false, TrainListener.NONE);
    Trainer.run(DECAYING, new TinyImages(), resumed, 7, false, TrainListener.NONE);
    Trainer.run(DECAYING, new TinyImages(), resumed, 12, true, TrainListener.NONE);

    String checkpoint = "checkpoints/checkpoint-000000012.safetensors";
    assertThat(Files.mismatch(whole.resolve(checkpoint), resumed.resolve(checkpoint)))
        .isEqualTo(-1);
  }

  /** With the rate, the weights come to rest; Adam's steps are about as long as the rate. */
  @Test
  void theLastStepsHardlyMoveTheWeights() throws Exception {
    float[][] weights = new float[3][];
    List<Long> steps = List.of(4L, 5L, 12L);
    for (int i = 0; i < weights.length; i++) {
      Trainer.run(DECAYING, new TinyImages(), folder, steps.get(i), i > 0, TrainListener.NONE);
      if (i == 1) {
        Trainer.run(DECAYING, new TinyImages(), folder, 11, true, TrainListener.NONE);
      }
      weights[i] = weightAt(steps.get(i));
    }
    float[] beforeTheLast = weightAt(11);

    double first = largestChange(weights[0], weights[1]); // rate 8e-4
    double last = largestChange(beforeTheLast, weights[2]); // rate 3e-5

    assertThat(first).isBetween(2e-4, 3e-3);
    assertThat(last).isBetween(1e-6, 6e-5);
  }

  @Test
  void refusesStepsBeyondItsEnd() {
    assertThatThrownBy(
            () -> Trainer.run(DECAYING, new TinyImages(), folder, 13, false, TrainListener.NONE))
        .hasMessage(
            "steps must be at most decay_steps of the recipe, 12, where the learning rate is 0;"
                + " is 13");
  }

  @Test
  void refusesAnEndWithinTheWarmUp() {
    assertThatThrownBy(() -> TrainConfig.parse("{\"base\": \"tiny\", \"decay_steps\": 10}", "test"))
        .hasMessageContaining("decay_steps must be 0 or above warmup_steps, 10, is 10");
  }

  @Test
  void aRecipeFromBeforeTheDecayHasNone() {
    TrainConfig tiny = TrainConfig.named("tiny");
    String before = tiny.toJson().replaceFirst("\\s*\"decay_steps\" : 0,", "");
    assertThat(before).doesNotContain("decay_steps");
    assertThat(TrainConfig.parse(before, "test")).isEqualTo(tiny);
  }

  private float[] weightAt(long step) throws Exception {
    try (SafeTensors tensors = SafeTensors.open(new RunFolder(folder).checkpoint(step))) {
      return tensors.floats("weights/conv_in.weight");
    }
  }

  private static double largestChange(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
