package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One case of scheduler-goldens.json, or of a file of the same format: a whole loop through a
 * closed form, and the numbers at its end. The file's {@code kinds} section says what the kinds and
 * fields mean; a field or value that is not known here is an error, never skipped.
 */
public final class GoldenCase {
  private static final List<String> OWN_FILES =
      List.of("scheduler-goldens.json", "scheduler-goldens-published.json");
  private static final int ROWS = 4;
  private static final int ELEMENTS = 3 * 8 * 8;

  private static final double LAST = ROWS * ELEMENTS - 1;
  private static final double[][] SAMPLE = sampleRows();
  private static final double[][] DUMMY_NOISE = map(SAMPLE, x -> LAST / (LAST + 1) - x);

  private static final Set<String> NOT_OPTIONS =
      Set.of(
          "name",
          "kind",
          "config",
          "sum_abs_f64",
          "mean_abs_f64",
          "sum_abs_f32",
          "mean_abs_f32",
          "first8_f64",
          "last4_f64",
          "max_abs_f64",
          "elements",
          "clip_changes_result",
          "upstream_sum_abs",
          "upstream_mean_abs",
          "reproduced_f64",
          "reproduced_f32");

  private final JsonNode json;

  private GoldenCase(JsonNode json) {
    this.json = json;
  }

  /** The cases of the file that the system property {@code goldens} names, else of our own two. */
  public static List<GoldenCase> all() {
    String named = System.getProperty("goldens");
    return named != null
        ? cases(Goldens.read(Path.of(named))).toList()
        : OWN_FILES.stream().flatMap(file -> cases(Goldens.read(file))).toList();
  }

  private static Stream<GoldenCase> cases(JsonNode file) {
    return Goldens.stream(file.required("cases")).map(GoldenCase::new);
  }

  /** The case's own name. */
  public String name() {
    return json.required("name").asText();
  }

  /** Whether the case shows a bug of a reference, whose number must not come out. */
  public boolean isWrong() {
    return name().contains("IS_WRONG");
  }

  /**
   * Runs the case and compares the end with every number that the case has.
   *
   * @param tolerance relative: 1e-5 for float64 loops
   */
  public void check(StepTableExecutor executor, double tolerance) {
    double[] end = Arrays.stream(run(executor)).flatMapToDouble(Arrays::stream).toArray();
    double sum = Arrays.stream(end).map(Math::abs).sum();
    double golden = json.required("sum_abs_f64").asDouble();
    if (isWrong()) {
      assertThat(Math.abs(sum - golden))
          .as("%s: distance from the wrong sum", name())
          .isGreaterThan(tolerance * golden);
      return;
    }
    assertThat(sum)
        .as("%s: sum of magnitudes", name())
        .isCloseTo(golden, within(tolerance * golden));
    if (json.has("elements")) {
      assertThat(end).hasSize(json.get("elements").asInt());
    }
    if (json.has("mean_abs_f64")) {
      double mean = json.get("mean_abs_f64").asDouble();
      assertThat(sum / end.length).as("%s: mean", name()).isCloseTo(mean, within(tolerance * mean));
    }
    if (json.has("max_abs_f64")) {
      double max = json.get("max_abs_f64").asDouble();
      assertThat(Arrays.stream(end).map(Math::abs).max().orElseThrow())
          .as("%s: largest magnitude", name())
          .isCloseTo(max, within(tolerance * max));
    }
    checkElements("first8_f64", end, 0, tolerance);
    checkElements("last4_f64", end, end.length - 4, tolerance);
    if (json.path("reproduced_f64").asBoolean()) {
      assertThat(sum)
          .as("%s: upstream's sum", name())
          .isCloseTo(json.get("upstream_sum_abs").asDouble(), within(1e-2));
    }
  }

  private void checkElements(String field, double[] end, int from, double tolerance) {
    if (!json.has(field)) {
      return;
    }
    double[] golden = Goldens.doubles(json.get(field));
    for (int i = 0; i < golden.length; i++) {
      assertThat(end[from + i])
          .as("%s: %s[%d]", name(), field, i)
          .isCloseTo(golden[i], within(tolerance * Math.max(1, Math.abs(golden[i]))));
    }
  }

  private GoldenConfig config() {
    ObjectNode options = ((ObjectNode) json.required("config")).deepCopy();
    json.properties().stream()
        .filter(field -> !NOT_OPTIONS.contains(field.getKey()))
        .forEach(field -> options.set(field.getKey(), field.getValue()));
    return new GoldenConfig(name(), options);
  }

  /** The rows at the end of the case's loop; those of a batch step one after the other. */
  public double[][] run(StepTableExecutor executor) {
    String kind = json.required("kind").asText();
    return switch (kind) {
      case "ddim" -> sample(executor, config().ddim());
      case "ddim_sigma_hat" ->
          sample(executor, config().ddim().eta(1).sigmaHat(true).rederiveEps(true));
      case "ddim_inverse" -> encode(executor);
      case "ddim_batch_step" -> batchStep(executor, t -> config().ddim().timesteps(List.of(t)));
      case "ddpm" -> ddpm(executor);
      case "ddpm_batch_step" ->
          batchStep(
              executor,
              t -> config().ddpm().timesteps(IntStream.rangeClosed(0, t).boxed().toList()));
      default -> throw new IllegalArgumentException(name() + ": unknown kind " + kind);
    };
  }

  private double[][] sample(StepTableExecutor executor, Sampler.Builder sampler) {
    List<Integer> visits = remaining(config().visits());
    StepTable table = table(sampler, visits.stream().distinct().sorted().toList());
    double[][][] noise = new double[table.length()][][];
    for (int k = 0; k < noise.length; k++) {
      int sign = visits.lastIndexOf(table.timestep(k)) % 2 == 0 ? 1 : -1;
      noise[k] = map(DUMMY_NOISE, z -> sign * (2 * z - 1));
    }
    return executor.run(start(table.timestep(0)), table, config().prediction(), noise);
  }

  private double[][] ddpm(StepTableExecutor executor) {
    List<Integer> visits = remaining(config().allLevels());
    StepTable table = table(config().ddpm(), visits.stream().sorted().toList());
    TorchNormal normal = new TorchNormal(config().noiseSeed());
    double[][][] noise = new double[table.length()][ROWS][];
    for (int k = 0; k < noise.length; k++) {
      double[] z = normal.next(ROWS * ELEMENTS);
      Arrays.setAll(noise[k], row -> Arrays.copyOfRange(z, row * ELEMENTS, (row + 1) * ELEMENTS));
    }
    return executor.run(start(table.timestep(0)), table, config().prediction(), noise);
  }

  private double[][] encode(StepTableExecutor executor) {
    List<Integer> tau = config().visits().stream().distinct().sorted().toList();
    Sampler sampler =
        config().ddim().timesteps(tau).inversion(Sampler.Inversion.DESTINATION).build();
    // Ours never clips when it encodes; upstream's does.
    StepTable table =
        part(
            sampler.encodeTable(config().schedule(), config().prediction()),
            tau.size(),
            sampler.clipping());
    return executor.run(
        scaledSample(), table, config().prediction(), new double[tau.size()][ROWS][ELEMENTS]);
  }

  /** One step each of the sample at t = 0, 0.1 above it at t = 1, and 0.1 below it at t = 2. */
  private double[][] batchStep(
      StepTableExecutor executor, IntFunction<Sampler.Builder> samplerFrom) {
    double[] shifts = {0, 0.1, -0.1};
    List<double[]> end = new ArrayList<>();
    for (int t = 0; t < shifts.length; t++) {
      double shift = shifts[t];
      Sampler sampler = samplerFrom.apply(t).build();
      StepTable table =
          part(sampler.table(config().schedule(), config().prediction()), 1, sampler.clipping());
      double[][] rows = map(scaledSample(), x -> x + shift);
      double[][][] noNoise = new double[1][ROWS][ELEMENTS];
      end.addAll(List.of(executor.run(rows, table, config().prediction(), noNoise)));
    }
    return end.toArray(double[][]::new);
  }

  private List<Integer> remaining(List<Integer> visits) {
    return visits.subList(config().skippedSteps(), visits.size());
  }

  private StepTable table(Sampler.Builder sampler, List<Integer> tau) {
    return sampler.timesteps(tau).build().table(config().schedule(), config().prediction());
  }

  /** The first steps of a table, with another clipping. */
  private static StepTable part(StepTable table, int steps, Clipping clipping) {
    int[] timesteps = IntStream.range(0, steps).map(table::timestep).toArray();
    double[][] numbers = new double[steps][StepTable.Column.values().length];
    for (int k = 0; k < steps; k++) {
      for (StepTable.Column column : StepTable.Column.values()) {
        numbers[k][column.ordinal()] = table.get(k, column);
      }
    }
    return new StepTable(timesteps, numbers, clipping);
  }

  /** The sample, with noise of level t added if the case starts midway. */
  private double[][] start(int t) {
    double[][] start = scaledSample();
    if (!config().startsMidway()) {
      return start;
    }
    double alphaBar = config().schedule().alphaBar(t);
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < ELEMENTS; i++) {
        start[row][i] =
            Math.sqrt(alphaBar) * start[row][i] + Math.sqrt(1 - alphaBar) * DUMMY_NOISE[row][i];
      }
    }
    return start;
  }

  private double[][] scaledSample() {
    return map(SAMPLE, x -> x * config().scale());
  }

  /** x[b][c][h][w] = (((c * 8 + h) * 8 + w) * 4 + b) / 768. */
  private static double[][] sampleRows() {
    double[][] rows = new double[ROWS][ELEMENTS];
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < ELEMENTS; i++) {
        rows[row][i] = (i * ROWS + row) / (double) (ROWS * ELEMENTS);
      }
    }
    return rows;
  }

  private static double[][] map(double[][] rows, DoubleUnaryOperator function) {
    return Arrays.stream(rows)
        .map(row -> Arrays.stream(row).map(function).toArray())
        .toArray(double[][]::new);
  }
}
