package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.diffusion.StepTable.Column;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** coefficients.json: alphaBar, tau and step numbers that numpy computed in float64. */
class CoefficientsGoldenTest {
  private static final JsonNode GOLDEN = Goldens.read("coefficients.json");
  private static final double RELATIVE = 1e-9;
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  private static NoiseSchedule schedule(String name) {
    return switch (name) {
      case "linear" -> LINEAR;
      case "squaredcos_cap_v2" ->
          NoiseSchedule.of(new ScheduleConfig(ScheduleConfig.Kind.COSINE, 1000, 0, 0, false));
      case "linear_zero_terminal_snr" -> LINEAR.withZeroTerminalSnr();
      default -> throw new IllegalArgumentException("unknown schedule " + name);
    };
  }

  @ParameterizedTest(name = "{0} at t = {1}")
  @MethodSource("alphaBars")
  void alphaBarIsNumpys(String schedule, int t, double expected) {
    assertThat(schedule(schedule).alphaBar(t)).isCloseTo(expected, within(RELATIVE * expected));
  }

  static Stream<Arguments> alphaBars() {
    return GOLDEN.get("abar").properties().stream()
        .flatMap(
            schedule ->
                schedule.getValue().properties().stream()
                    .map(
                        level ->
                            Arguments.of(
                                schedule.getKey(),
                                Integer.parseInt(level.getKey()),
                                level.getValue().asDouble())));
  }

  @ParameterizedTest(name = "{0} S = {1}")
  @MethodSource("taus")
  void tauIsNumpys(String spacing, int steps, JsonNode expected) {
    int[] tau = Timesteps.of(Goldens.spacing(spacing), LINEAR, steps, 0);

    if (steps == 1) {
      assertThat(tau).containsExactly(999); // numpy's own answer of 0 is a trap
      return;
    }
    assertThat(tau).hasSize(expected.get("unique").asInt());
    assertThat(tau[0]).isEqualTo(expected.get("first").asInt());
    assertThat(tau[tau.length - 1]).isEqualTo(expected.get("last").asInt());
    if (expected.has("tau_ascending")) {
      assertThat(tau).isEqualTo(Goldens.ints(expected.get("tau_ascending")));
    } else if (expected.get("unique").equals(expected.get("count"))) {
      assertThat(Arrays.copyOf(tau, 5)).isEqualTo(Goldens.ints(expected.get("first5")));
      assertThat(Arrays.copyOfRange(tau, steps - 5, steps))
          .isEqualTo(Goldens.ints(expected.get("last5")));
      assertThat(Arrays.stream(tau).sum()).isEqualTo(expected.get("sum").asInt());
    }
  }

  static Stream<Arguments> taus() {
    return GOLDEN.get("tau").properties().stream()
        .flatMap(
            spacing ->
                spacing.getValue().properties().stream()
                    .map(
                        row ->
                            Arguments.of(
                                spacing.getKey(), Integer.parseInt(row.getKey()), row.getValue())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("stepLists")
  void everyStepIsNumpys(String name, Spacing spacing, double eta, JsonNode expected) {
    StepTable table =
        Preset.DDIM.builder(10).spacing(spacing).eta(eta).build().table(LINEAR, Prediction.EPS);

    assertThat(table.length()).isEqualTo(expected.size());
    for (int k = 0; k < table.length(); k++) {
      JsonNode step = expected.get(k);
      assertThat(table.timestep(k)).isEqualTo(step.get("t").asInt());
      assertClose(onX(table, k), step.get("a").asDouble());
      assertClose(onEps(table, k), step.get("b").asDouble());
      assertClose(table.get(k, Column.SIGMA), step.get("sigma").asDouble());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("stepLists")
  void sigmaHatIsNumpysAndMaskedInTheLastStep(
      String name, Spacing spacing, double eta, JsonNode expected) {
    if (eta != 1) {
      return;
    }
    StepTable table =
        Preset.DDIM.builder(10).spacing(spacing).eta(1).sigmaHat(true).build().table(LINEAR);

    for (int k = 0; k < table.length(); k++) {
      JsonNode step = expected.get(k);
      double sigma =
          step.get("sigma_hat_masked").asBoolean() ? 0 : step.get("sigma_hat").asDouble();
      assertClose(table.get(k, Column.SIGMA), sigma);
      assertClose(onEps(table, k), step.get("b").asDouble());
    }
  }

  static Stream<Arguments> stepLists() {
    return GOLDEN.get("steps_linear_schedule").properties().stream()
        .map(
            list -> {
              String[] name = list.getKey().split("_");
              return Arguments.of(
                  list.getKey(),
                  Goldens.spacing(name[0]),
                  Double.parseDouble(name[2].substring("eta".length())),
                  list.getValue());
            });
  }

  /** The file folds x0 into x and eps: x0 = (xt - sqrt(1 - alphaBar) eps) / sqrt(alphaBar). */
  private static double onX(StepTable table, int k) {
    return table.get(k, Column.A) + table.get(k, Column.B) / table.get(k, Column.SQRT_ALPHA_BAR);
  }

  private static double onEps(StepTable table, int k) {
    return table.get(k, Column.C)
        - table.get(k, Column.B)
            * table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR)
            / table.get(k, Column.SQRT_ALPHA_BAR);
  }

  private static void assertClose(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(RELATIVE * Math.max(1e-3, Math.abs(expected))));
  }

  /**
   * numpy's doubles round some entries otherwise than exact fractions would; the S for which they
   * do tell whether the very same operations are done here.
   */
  @Test
  void roundingDiffersFromExactFractionsWhereNumpysDoes() {
    JsonNode golden = GOLDEN.get("float_vs_exact_rational_half_even");

    assertDiffers(golden.get("linspace"), Spacing.LINSPACE, CoefficientsGoldenTest::exactLinspace);
    assertDiffers(golden.get("trailing"), Spacing.TRAILING, CoefficientsGoldenTest::exactTrailing);
  }

  private static void assertDiffers(JsonNode golden, Spacing spacing, IntFunction<int[]> exact) {
    int[] differing =
        IntStream.rangeClosed(2, 1000)
            .filter(s -> !Arrays.equals(Timesteps.of(spacing, LINEAR, s, 0), exact.apply(s)))
            .toArray();
    int[] listed = Goldens.ints(golden.get("S"));

    assertThat(differing).hasSize(golden.get("count").asInt());
    assertThat(Arrays.copyOf(differing, listed.length)).isEqualTo(listed);
  }

  private static int[] exactLinspace(int steps) {
    return IntStream.range(0, steps).map(i -> halfEven(999 * i, steps - 1)).toArray();
  }

  private static int[] exactTrailing(int steps) {
    return IntStream.rangeClosed(1, steps).map(i -> halfEven(1000 * i, steps) - 1).toArray();
  }

  private static int halfEven(int numerator, int denominator) {
    int twice = 2 * numerator / denominator;
    boolean isHalf = twice % 2 == 1 && 2 * numerator % denominator == 0;
    int down = twice / 2;
    return isHalf ? down + down % 2 : down + twice % 2;
  }

  @ParameterizedTest
  @MethodSource("uniformCounts")
  void paperUniformIsRefusedWhereItMakesAnotherNumberOfSteps(int steps, int made) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Timesteps.of(Spacing.PAPER_UNIFORM, LINEAR, steps, 0))
        .withMessage(
            "steps must be a number that spacing paper_uniform can have: it makes %d steps of %d"
                .formatted(made, steps));
  }

  static Stream<Arguments> uniformCounts() {
    return GOLDEN.get("uniform_range_form_step_count").properties().stream()
        .filter(count -> !count.getKey().equals("what"))
        .map(count -> Arguments.of(Integer.parseInt(count.getKey()), count.getValue().asInt()));
  }
}
