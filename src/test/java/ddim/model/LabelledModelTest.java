package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.nn.LabelEmbedding;
import ddim.nn.UNetConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Tensor;

/** An exported model with three classes, and one without for comparison. */
class LabelledModelTest {
  private static final int CLASSES = 3;
  private static final int SIZE = UNetConfig.tiny().imageSize();
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  @TempDir static Path models;
  private static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void export() throws Exception {
    ModelWeights plain = TestModels.tiny(Prediction.EPS);
    Map<String, float[]> values = new LinkedHashMap<>(plain.withClasses(CLASSES).values());
    Random random = new Random(3);
    float[] vectors = values.get(LabelEmbedding.WEIGHT).clone();
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = (float) random.nextGaussian();
    }
    values.put(LabelEmbedding.WEIGHT, vectors);
    ModelWeights labelled =
        new ModelWeights(
            plain.unet().withClasses(CLASSES),
            plain.schedule(),
            plain.prediction(),
            "none",
            "Apache-2.0",
            0,
            values,
            List.of("shoe", "bag", "coat"));
    folder = ModelExporter.export(labelled, models, "labelled", OptionalLong.of(1));
    model = LoadedModel.load(folder);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void aStepIsTheWeightedSumOfBothAnswers() {
    float[] x = model.latents(new long[] {4})[0];
    int t = 700;
    Map<Integer, float[]> answers = new LinkedHashMap<>();
    try (SignatureRunner runner = new SignatureRunner(folder)) {
      for (int label : new int[] {-1, 0, 2}) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("x", SignatureRunner.floats(x.clone(), 1, 8, 8, 3));
        inputs.put("t", SignatureRunner.ints(t));
        inputs.put("labels", SignatureRunner.ints(label));
        answers.put(label, runner.run("predict_noise", inputs).get("eps"));
      }
    }
    assertThat(distance(answers.get(0), answers.get(2))).isGreaterThan(1e-2);
    assertThat(distance(answers.get(0), answers.get(-1))).isGreaterThan(1e-2);

    StepTable table = Preset.DDIM.builder(1).timesteps(List.of(t)).build().table(SCHEDULE);
    float[] guidances = {0, 1, 2.5f, 1, 4};
    int[] labels = {2, 2, 2, -1, -1};
    List<Trajectory> rows = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      rows.add(row(4, x, table, new Condition(labels[i], guidances[i])));
    }
    model.advance(rows, 1, 8, null);
    double signal = Math.sqrt(SCHEDULE.alphaBar(t));
    double noise = Math.sqrt(1 - SCHEDULE.alphaBar(t));
    for (int i = 0; i < labels.length; i++) {
      float w = labels[i] < 0 ? 0 : guidances[i];
      for (int p = 0; p < SIZE; p++) {
        double none = answers.get(-1)[p];
        double eps = none + w * (answers.get(2)[p] - none);
        double x0 = Math.max(-1, Math.min(1, (x[p] - noise * eps) / signal));
        assertThat((double) rows.get(i).x()[p]).as("row " + i).isCloseTo(x0, within(1e-4));
      }
    }
  }

  @Test
  void aRowDoesNotDependOnTheLabelsOfOthers() {
    StepTable table = Sampler.ddim(6, 0.5).table(SCHEDULE);
    List<Condition> conditions =
        List.of(
            new Condition(0, 3),
            Condition.NONE,
            new Condition(1, 1),
            new Condition(2, 2),
            new Condition(1, 0));
    List<Trajectory> together = new ArrayList<>();
    for (int i = 0; i < conditions.size(); i++) {
      float[] start = model.latents(new long[] {i})[0];
      together.add(row(i, start, table, conditions.get(i)));
    }
    model.advance(together, 4, 5, null);
    model.advance(together, 4, 6, null);
    for (int i = 0; i < conditions.size(); i++) {
      float[] start = model.latents(new long[] {i})[0];
      Trajectory alone = row(i, start, table, conditions.get(i));
      model.advance(List.of(alone), 6, 1, null);
      assertThat(distance(alone.x(), together.get(i).x())).as("row " + i).isLessThan(1e-4);
    }
  }

  @Test
  void theNetworkComputesAsManyRowsWhateverIsGuided() {
    StepTable table = Sampler.ddim(6, 0.5).table(SCHEDULE);
    float[] start = model.latents(new long[] {0})[0];
    Trajectory plain = row(0, start, table, new Condition(1, 1));
    Trajectory guided = row(0, start, table, new Condition(1, 3));
    for (List<Trajectory> rows :
        List.of(List.of(plain), List.of(guided), List.of(guided, plain, guided, guided))) {
      int second = (int) rows.stream().filter(row -> row == guided).count();
      Map<String, Tensor> inputs = TrajectoryBatch.of(rows, 6, 8, model.spec()).tensors();
      assertThat(inputs)
          .allSatisfy(
              (name, tensor) -> assertThat(tensor.shape().get(0) + second).as(name).isEqualTo(8));
      inputs.values().forEach(Tensor::close);
    }
  }

  @Test
  void theOtherSignaturesMakeTheSameImage() {
    float[] start = model.latents(new long[] {9})[0];
    Trajectory row = row(9, start, Sampler.ddim(5, 0).table(SCHEDULE), new Condition(1, 2));
    model.advance(List.of(row), 5, 1, null);
    try (SignatureRunner runner = new SignatureRunner(folder)) {
      Map<String, Tensor> sample = new LinkedHashMap<>();
      sample.put("x_T", SignatureRunner.floats(start, 1, 8, 8, 3));
      sample.put("steps", SignatureRunner.ints(5));
      sample.put("labels", SignatureRunner.ints(1));
      sample.put("guidance", SignatureRunner.floats(new float[] {2}, 1));
      assertThat(distance(runner.run("sample", sample).get("x0"), row.x())).isLessThan(1e-4);

      Map<String, Tensor> serving = new LinkedHashMap<>();
      serving.put("seed", SignatureRunner.longs(9, 9));
      serving.put("steps", SignatureRunner.ints(5, 5));
      serving.put("eta", SignatureRunner.floats(new float[2], 2));
      serving.put("labels", SignatureRunner.ints(1, 77));
      serving.put("guidance", SignatureRunner.floats(new float[] {2, 2}, 2));
      float[] both = runner.run("serving_default", serving).get("x0");
      assertThat(distance(java.util.Arrays.copyOf(both, SIZE), row.x())).isLessThan(1e-4);
    }
  }

  @Test
  void refusesLabelsThatAreNone() {
    StepTable table = Sampler.ddim(2, 0).table(SCHEDULE);
    Trajectory row = row(0, new float[SIZE], table, new Condition(3, 1));
    assertThatThrownBy(() -> model.advance(List.of(row), 1, 1, null))
        .hasMessage("the label must be from -1 to 2, is 3");
  }

  @Test
  void theDescriptionSaysTheClasses() throws Exception {
    assertThat(model.spec().unet().classes()).isEqualTo(CLASSES);
    assertThat(model.spec().classNames()).containsExactly("shoe", "bag", "coat");
    assertThat(Files.readString(folder.resolve("MODEL_CARD.md")))
        .contains("| classes | 3: 0 shoe, 1 bag, 2 coat |")
        .contains("`guidance` float32");
    assertThat(SavedModelWeights.read(folder).classNames()).containsExactly("shoe", "bag", "coat");
  }

  @Test
  void weightsWithoutLabelsGetClassesThatDifferAndStayTheSameNetworkWithoutOne() throws Exception {
    ModelWeights plain = TestModels.tiny(Prediction.EPS);
    Path without = ModelExporter.export(plain, models, "plain", OptionalLong.of(1));
    Path with = ModelExporter.export(plain.withClasses(2), models, "extended", OptionalLong.of(1));
    StepTable table = Sampler.ddim(3, 0).table(SCHEDULE);
    try (LoadedModel a = LoadedModel.load(without);
        LoadedModel b = LoadedModel.load(with)) {
      float[] start = a.latents(new long[] {1})[0];
      Trajectory plainRow = new Trajectory(1, start, table);
      Trajectory untold = row(1, start, table, Condition.NONE);
      Trajectory first = row(1, start, table, new Condition(0, 1));
      Trajectory second = row(1, start, table, new Condition(1, 1));
      a.advance(List.of(plainRow), 3, 1, null);
      b.advance(List.of(untold, first, second), 3, 3, null);
      assertThat(distance(plainRow.x(), untold.x())).isLessThan(1e-5);
      assertThat(distance(first.x(), untold.x())).isGreaterThan(0.01);
      assertThat(distance(first.x(), second.x())).isGreaterThan(0.01);
    }
    assertThat(ModelDescription.of(without).signatures())
        .allSatisfy(
            signature ->
                assertThat(signature.inputs())
                    .extracting(ModelDescription.TensorLine::name)
                    .doesNotContain("labels", "guidance"));
  }

  private static Trajectory row(long seed, float[] start, StepTable table, Condition condition) {
    return new Trajectory(
        seed, start, new float[StepTable.HISTORY * start.length], table, condition);
  }

  private static double distance(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElse(0);
  }
}
