package ddim.model;

import static ddim.model.SignatureRunner.floats;
import static ddim.model.SignatureRunner.ints;
import static ddim.model.SignatureRunner.longs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.train.TrainedTiny;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The exported graph: its trajectories, its rows' independence, its files. */
class ExportedModelTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final int SIZE = 8 * 8 * 3;

  @TempDir static Path models;
  private static Path folder;
  private static LoadedModel model;
  private static SignatureRunner signatures;

  @BeforeAll
  static void export() throws Exception {
    folder = TrainedTiny.export(models, "tiny");
    model = LoadedModel.load(folder);
    signatures = new SignatureRunner(folder);
  }

  @AfterAll
  static void close() {
    signatures.close();
    model.close();
  }

  @ParameterizedTest(name = "{0} steps, eta {1}")
  @CsvSource({"1, 0", "1, 1", "7, 0", "7, 1", "50, 0", "50, 1", "1000, 0", "1000, 1"})
  void trajectoryIsThatOfAPlainLoopOverTheSameNetwork(int steps, double eta) {
    StepTable table = Sampler.ddim(steps, eta).table(SCHEDULE);
    long seed = 17;
    float[] start = model.latents(new long[] {seed})[0];

    Trajectory row = new Trajectory(seed, start, table);
    model.advance(List.of(row), steps, 1, null);

    assertThat(row.isFinished()).isTrue();
    double[] expected = plainLoop(start, seed, table);
    for (int i = 0; i < SIZE; i++) {
      assertThat((double) row.x()[i]).isCloseTo(expected[i], within(1e-4));
    }
  }

  @Test
  void aRowDependsOnNothingInItsBatch() {
    SplittableRandom random = new SplittableRandom(3);
    List<Trajectory> batch = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      int steps = 1 + random.nextInt(20);
      StepTable table = Sampler.ddim(steps, i % 3 / 2.0).table(SCHEDULE);
      batch.add(new Trajectory(i, model.latents(new long[] {i})[0], table));
    }
    model.advance(batch, 1000, 32, null);

    for (Trajectory together : batch) {
      float[] start = model.latents(new long[] {together.seed()})[0];
      Trajectory alone = new Trajectory(together.seed(), start, together.table());
      model.advance(List.of(alone), 1000, 1, null);
      assertClose(together.x(), alone.x(), 1e-5);
    }
  }

  @ParameterizedTest(name = "{0} rows in a batch of {1}")
  @CsvSource({"1, 1", "1, 8", "2, 3", "7, 8", "8, 8"})
  void lanesMakeTheImagesOfOneCall(int count, int batchSize) throws Exception {
    List<Trajectory> together = new ArrayList<>();
    List<Trajectory> shared = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StepTable table = Sampler.ddim(1 + 3 * i, i % 3 / 2.0).table(SCHEDULE);
      float[] start = model.latents(new long[] {i})[0];
      together.add(new Trajectory(i, start, table));
      shared.add(new Trajectory(i, start, table));
    }
    try (LoadedModel one = LoadedModel.load(folder, lanes(1));
        LoadedModel three = LoadedModel.load(folder, lanes(3))) {
      one.advance(together, 1000, batchSize, null);
      three.advance(shared, 1000, batchSize, Duration.ofMinutes(1));
    }

    for (int i = 0; i < count; i++) {
      assertThat(shared.get(i).isFinished()).isTrue();
      assertClose(shared.get(i).x(), together.get(i).x(), 1e-5);
      assertClose(shared.get(i).x0(), together.get(i).x0(), 1e-5);
      assertClose(shared.get(i).history(), together.get(i).history(), 1e-5);
    }
  }

  private static SessionOptions lanes(int lanes) {
    return new SessionOptions(lanes, 0, 0, true, 1, List.of(), SessionOptions.Bfloat16.OFF);
  }

  @Test
  void aTrajectoryCutIntoThreeCallsIsTheOneCall() {
    StepTable table = Sampler.ddim(11, 0.7).table(SCHEDULE);
    float[] start = model.latents(new long[] {5})[0];
    Trajectory whole = new Trajectory(5, start, table);
    Trajectory cut = new Trajectory(5, start, table);

    model.advance(List.of(whole), 11, 1, null);
    for (int columns : new int[] {2, 4, 5}) {
      model.advance(List.of(cut), columns, 1, null);
    }

    assertThat(cut.isFinished()).isTrue();
    assertThat(cut.x()).isEqualTo(whole.x());
    assertThat(cut.x0()).isEqualTo(whole.x0());
  }

  @Test
  void latentsAreStandardNormalAndFunctionsOfTheirSeeds() {
    long[] seeds = new long[200];
    for (int i = 0; i < seeds.length; i++) {
      seeds[i] = Long.MIN_VALUE + 31L * i;
    }
    float[][] latents = model.latents(seeds);

    double sum = 0;
    double squares = 0;
    for (float[] latent : latents) {
      for (float value : latent) {
        sum += value;
        squares += (double) value * value;
      }
    }
    double n = (double) seeds.length * SIZE;
    assertThat(sum / n).isCloseTo(0, within(5 / Math.sqrt(n)));
    assertThat(squares / n).isCloseTo(1, within(5 * Math.sqrt(2 / n)));
    assertThat(model.latents(new long[] {seeds[7]})[0]).isEqualTo(latents[7]);
    assertThat(latents[8]).isNotEqualTo(latents[7]);
  }

  @Test
  void servingDefaultMakesTheImagesOfTheTables() {
    int[] steps = {1, 7, 20, 50};
    float[] eta = {0, 0.5f, 1, 0};
    Map<String, float[]> outputs =
        signatures.run(
            ModelSignature.SERVING_DEFAULT,
            Map.of("seed", longs(0, 1, 2, 3), "steps", ints(steps), "eta", floats(eta, 4)));

    for (int i = 0; i < 4; i++) {
      float[] start = model.latents(new long[] {i})[0];
      Trajectory row = new Trajectory(i, start, Sampler.ddim(steps[i], eta[i]).table(SCHEDULE));
      model.advance(List.of(row), 1000, 1, null);
      for (int j = 0; j < SIZE; j++) {
        assertThat(outputs.get("x0")[i * SIZE + j]).isCloseTo(row.x()[j], within(1e-4f));
        assertThat(outputs.get("images")[i * SIZE + j])
            .isCloseTo((row.x()[j] + 1) * 127.5f, within(0.52f));
      }
    }
  }

  @Test
  void sampleMakesTheImagesOfTheLatents() {
    float[] xT = model.latents(new long[] {9})[0];
    Map<String, float[]> outputs =
        signatures.run(
            ModelSignature.SAMPLE, Map.of("x_T", floats(xT, 1, 8, 8, 3), "steps", ints(13)));

    Trajectory row = new Trajectory(0, xT, Sampler.ddim(13, 0).table(SCHEDULE));
    model.advance(List.of(row), 13, 1, null);
    assertClose(outputs.get("x0"), row.x(), 1e-5);
  }

  @Test
  void graphTimestepsAreThoseOfTheTableForEveryNumberOfSteps() {
    // One column more than asked would show: x0 after S steps is compared above; here the levels.
    for (int steps : new int[] {2, 3, 16, 27, 100, 333, 999}) {
      StepTable table = Sampler.ddim(steps, 0).table(SCHEDULE);
      assertThat(table.length()).isEqualTo(steps);
      assertThat(table.timestep(0)).isEqualTo(999);
    }
  }

  @ParameterizedTest
  @EnumSource(Prediction.class)
  void everyPredictionGivesNoiseThatExplainsTheImage(Prediction prediction) throws Exception {
    Path other =
        ModelExporter.export(
            TestModels.tiny(prediction), models, "tiny-" + prediction, OptionalLong.empty());
    float[] x = model.latents(new long[] {4})[0];
    try (SignatureRunner runner = new SignatureRunner(other);
        LoadedModel loaded = LoadedModel.load(other)) {
      float[] eps =
          runner
              .run("predict_noise", Map.of("x", floats(x, 1, 8, 8, 3), "t", ints(500)))
              .get("eps");
      // One deterministic step without clipping from level 500 lands on (x - sqrt(1-a)
      // eps)/sqrt(a).
      double alphaBar = SCHEDULE.alphaBar(500);
      StepTable table = oneStepToTheCleanImage(alphaBar);
      Trajectory row = new Trajectory(0, x, table);
      loaded.advance(List.of(row), 1, 1, null);
      for (int i = 0; i < SIZE; i++) {
        double x0 = (x[i] - Math.sqrt(1 - alphaBar) * eps[i]) / Math.sqrt(alphaBar);
        assertThat((double) row.x()[i]).isCloseTo(x0, within(1e-4 * Math.max(1, Math.abs(x0))));
      }
    }
  }

  @Test
  void paddingLeavesTheBatchAlone() {
    StepTable table = Sampler.ddim(5, 1).table(SCHEDULE);
    float[] start = model.latents(new long[] {2})[0];
    Trajectory exact = new Trajectory(2, start, table);
    Trajectory padded = new Trajectory(2, start, table);

    model.advance(List.of(exact), 5, 1, null);
    model.advance(List.of(padded), 5, 16, null);

    assertClose(padded.x(), exact.x(), 1e-5);
  }

  @Test
  void aCallThatRunsOutOfTimeChangesNoRow() {
    StepTable table = Sampler.ddim(1000, 0).table(SCHEDULE);
    List<Trajectory> rows = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      rows.add(new Trajectory(i, model.latents(new long[] {i})[0], table));
    }

    assertThatThrownBy(() -> model.advance(rows, 1000, 16, Duration.ofMillis(20)))
        .isInstanceOf(TrajectoryTimeoutException.class)
        .hasMessageStartingWith("the graph was stopped after ");
    assertThat(rows.get(0).position()).isZero();

    model.advance(rows, 1, 16, null);
    assertThat(rows.get(0).position()).isEqualTo(1);
  }

  @Test
  void refusesRowsThatDoNotFit() {
    StepTable table = Sampler.ddim(2, 0).table(SCHEDULE);
    Trajectory small = new Trajectory(0, new float[3], table);
    Trajectory good = new Trajectory(0, new float[SIZE], table);

    assertThatThrownBy(() -> model.advance(List.of(small), 1, 1, null))
        .hasMessage("a row has 3 numbers, the model's images 192");
    assertThatThrownBy(() -> model.advance(List.of(good, good), 1, 1, null))
        .hasMessage("a batch of 1 cannot hold 2 rows");
    assertThatThrownBy(() -> model.advance(List.of(good), 0, 1, null))
        .hasMessage("columns must be 1 or more, is 0");
  }

  @Test
  void equalWeightsGiveEqualBytesAndTheNextVersion() throws Exception {
    Path second = TrainedTiny.export(models, "tiny");

    assertThat(folder.getFileName()).hasToString("1");
    assertThat(Integer.parseInt(second.getFileName().toString())).isGreaterThan(1);
    for (String file : List.of("saved_model.pb", "assets.extra/ddim.json")) {
      assertThat(Files.mismatch(folder.resolve(file), second.resolve(file))).isEqualTo(-1);
    }
  }

  @Test
  void aMissingOrDamagedFileIsNamed() throws Exception {
    Path broken =
        ModelExporter.export(
            TestModels.tiny(Prediction.EPS), models, "broken", OptionalLong.empty());
    Path graph = broken.resolve("saved_model.pb");
    Path description = broken.resolve("assets.extra/ddim.json");
    byte[] bytes = Files.readAllBytes(graph);

    bytes[bytes.length / 2] ^= 1;
    Files.write(graph, bytes);
    assertThatThrownBy(() -> LoadedModel.load(broken))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(graph + ": damaged: its SHA-256 is ");

    Files.delete(graph);
    assertThatThrownBy(() -> LoadedModel.load(broken)).hasMessage(graph + ": missing");

    Files.write(graph, bytes);
    Files.writeString(description, "{\"format\": 7}");
    assertThatThrownBy(() -> LoadedModel.load(broken))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(description + ": not a description of a model: ");

    Files.delete(description);
    assertThatThrownBy(() -> LoadedModel.load(broken))
        .hasMessageStartingWith(description + ": missing: this SavedModel was not made by");
    assertThatThrownBy(() -> LoadedModel.load(models.resolve("no/1")))
        .hasMessage(models.resolve("no/1") + ": no such folder");
  }

  private static StepTable oneStepToTheCleanImage(double alphaBar) {
    double[] step = new double[Column.values().length];
    step[Column.SQRT_ALPHA_BAR.index()] = Math.sqrt(alphaBar);
    step[Column.SQRT_ONE_MINUS_ALPHA_BAR.index()] = Math.sqrt(1 - alphaBar);
    step[Column.B.index()] = 1;
    return new StepTable(new int[] {500}, new double[][] {step}, ddim.diffusion.Clipping.NONE);
  }

  /** The recurrence in float64, one network call a step, its noise from the graph that draws it. */
  private static double[] plainLoop(float[] start, long seed, StepTable table) {
    double[] x = new double[SIZE];
    for (int i = 0; i < SIZE; i++) {
      x[i] = start[i];
    }
    for (int k = 0; k < table.length(); k++) {
      float[] rounded = new float[SIZE];
      for (int i = 0; i < SIZE; i++) {
        rounded[i] = (float) x[i];
      }
      float[] eps =
          signatures
              .run(
                  "predict_noise",
                  Map.of("x", floats(rounded, 1, 8, 8, 3), "t", ints(table.timestep(k))))
              .get("eps");
      double sigma = table.get(k, Column.SIGMA);
      float[] z = sigma == 0 ? new float[SIZE] : StepNoiseProbe.draw(seed, table.timestep(k));
      double range = table.clipping().range();
      for (int i = 0; i < SIZE; i++) {
        double x0 =
            (x[i] - table.get(k, Column.SQRT_ONE_MINUS_ALPHA_BAR) * eps[i])
                / table.get(k, Column.SQRT_ALPHA_BAR);
        x0 = Math.max(-range, Math.min(range, x0));
        x[i] =
            table.get(k, Column.A) * x[i]
                + table.get(k, Column.B) * x0
                + table.get(k, Column.C) * eps[i]
                + sigma * z[i];
      }
    }
    return x;
  }

  private static void assertClose(float[] actual, float[] expected, double tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(tolerance));
    }
  }
}
