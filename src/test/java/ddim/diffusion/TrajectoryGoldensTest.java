package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.diffusion.ReferenceLoop.State;
import ddim.diffusion.Sampler.Inversion;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** trajectory-goldens.json: whole trajectories, both directions, that numpy walked in float64. */
class TrajectoryGoldensTest {
  private static final JsonNode GOLDEN = Goldens.read("trajectory-goldens.json");
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final Mixture GAUSS = new Mixture(0.5, new double[] {0.25, 0.25, 0.25, 0.25});
  private static final double[] LATENT = {-1.5, -0.5, 0.5, 1.5};
  private static final double[] IMAGE = {-0.75, -0.25, 0.25, 0.75};

  private static Sampler sampler(Spacing spacing, int steps, Inversion inversion) {
    return Preset.PAPER.builder(steps).spacing(spacing).inversion(inversion).build();
  }

  private static StepTable table(Spacing spacing, int steps) {
    return sampler(spacing, steps, Inversion.SOURCE).table(LINEAR);
  }

  private static void assertRow(double[] actual, JsonNode expected) {
    assertThat(actual).containsExactly(Goldens.doubles(expected), within(1e-10));
  }

  static Stream<JsonNode> trajectories() {
    return Goldens.stream(GOLDEN.get("trajectories"));
  }

  @ParameterizedTest
  @MethodSource("trajectories")
  void everyStepIsNumpys(JsonNode golden) {
    boolean ratio = golden.get("model").asText().equals("ratio");
    ReferenceLoop loop = new ReferenceLoop(ratio ? ReferenceLoop.RATIO : GAUSS, Prediction.EPS);
    StepTable table = table(Spacing.LINSPACE, golden.get("S").asInt());

    List<State> states = loop.run(table, LATENT, k -> new double[LATENT.length]);

    assertRow(states.get(states.size() - 1).x(), golden.get("x0"));
    if (golden.has("steps")) {
      assertThat(golden.get("steps")).hasSize(states.size());
      for (int k = 0; k < states.size(); k++) {
        JsonNode step = golden.get("steps").get(k);
        assertThat(table.timestep(k)).isEqualTo(step.get("t").asInt());
        assertRow(states.get(k).x0(), step.get("x0_prediction"));
        assertRow(states.get(k).x(), step.get("x_prev"));
      }
    }
  }

  static Stream<Arguments> decodings() {
    return GOLDEN.get("gauss_theory").get("decode_error").properties().stream()
        .flatMap(
            spacing ->
                Goldens.stream(spacing.getValue().get("rows"))
                    .map(row -> Arguments.of(Goldens.spacing(spacing.getKey()), row)));
  }

  /**
   * For Gaussian data every step multiplies the whitened x by cos(phi_t - phi_s), phi =
   * atan2(sqrt(1 - A), s sqrt(A)): the end of any step list is known exactly.
   */
  @ParameterizedTest
  @MethodSource("decodings")
  void gaussianDataContractsByTheProductOfCosines(Spacing spacing, JsonNode golden) {
    int start = golden.get("t_start").asInt();
    StepTable table = table(spacing, golden.get("S").asInt());
    double contraction = 1;
    for (int k = 0; k < table.length(); k++) {
      int next = k + 1 < table.length() ? table.timestep(k + 1) : -1;
      contraction *= Math.cos(angle(table.timestep(k)) - angle(next));
    }

    double[] end = new ReferenceLoop(GAUSS, Prediction.EPS).run(table, LATENT);

    assertThat(table.timestep(0)).isEqualTo(start);
    assertThat(contraction).isCloseTo(golden.get("contraction").asDouble(), within(1e-12));
    double largest = 0;
    for (int i = 0; i < end.length; i++) {
      double white = whitened(LATENT[i], LINEAR.alphaBar(start));
      assertThat(end[i]).isCloseTo(0.25 + 0.5 * white * contraction, within(1e-12));
      largest = Math.max(largest, Math.abs(end[i] - (0.25 + 0.5 * white)));
    }
    assertThat(largest).isCloseTo(golden.get("max_abs_error_vs_ode").asDouble(), within(1e-10));
  }

  private static double angle(int t) {
    double alphaBar = LINEAR.alphaBar(t);
    return Math.atan2(Math.sqrt(1 - alphaBar), 0.5 * Math.sqrt(alphaBar));
  }

  private static double whitened(double x, double alphaBar) {
    return (x - Math.sqrt(alphaBar) * 0.25) / Math.sqrt(alphaBar * 0.25 + 1 - alphaBar);
  }

  static Stream<Arguments> gaussianInversions() {
    return Arrays.stream(Inversion.values())
        .flatMap(
            label ->
                Goldens.stream(
                        GOLDEN
                            .get("inversion")
                            .get("gauss")
                            .get(label.name().toLowerCase(Locale.ROOT))
                            .get("rows"))
                    .map(row -> Arguments.of(label, row)));
  }

  @ParameterizedTest
  @MethodSource("gaussianInversions")
  void encodingGaussianDataIsNumpys(Inversion label, JsonNode golden) {
    Sampler sampler = sampler(Spacing.LINSPACE, golden.get("S").asInt(), label);
    ReferenceLoop encoder =
        new ReferenceLoop(
            (x, t, level) -> GAUSS.eps(x, label == Inversion.SOURCE ? level : LINEAR.alphaBar(t)),
            Prediction.EPS);

    double[] latent = encoder.run(sampler.encodeTable(LINEAR), IMAGE);
    double[] decoded = new ReferenceLoop(GAUSS, Prediction.EPS).run(sampler.table(LINEAR), latent);

    assertRow(latent, golden.get("latent"));
    double largest = 0;
    double squares = 0;
    for (int i = 0; i < IMAGE.length; i++) {
      largest = Math.max(largest, Math.abs(decoded[i] - IMAGE[i]));
      squares += Math.pow(decoded[i] - IMAGE[i], 2);
    }
    assertThat(largest).isCloseTo(golden.get("round_trip_max_abs_error").asDouble(), within(1e-10));
    assertThat(squares / IMAGE.length)
        .isCloseTo(golden.get("round_trip_mse").asDouble(), within(1e-10));
  }

  static Stream<JsonNode> ratioInversions() {
    return Goldens.stream(GOLDEN.get("inversion").get("ratio"));
  }

  @ParameterizedTest
  @MethodSource("ratioInversions")
  void encodingIsNumpys(JsonNode golden) {
    Inversion label = Inversion.valueOf(golden.get("label").asText().toUpperCase(Locale.ROOT));
    Sampler sampler = sampler(Spacing.LINSPACE, golden.get("S").asInt(), label);
    ReferenceLoop loop = new ReferenceLoop(ReferenceLoop.RATIO, Prediction.EPS);

    double[] latent = loop.run(sampler.encodeTable(LINEAR), IMAGE);

    assertRow(latent, golden.get("latent"));
    assertRow(loop.run(sampler.table(LINEAR), latent), golden.get("decoded"));
  }
}
