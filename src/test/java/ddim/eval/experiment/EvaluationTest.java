package ddim.eval.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import ddim.data.ImageSource;
import ddim.diffusion.Preset;
import ddim.eval.GaussianModel;
import ddim.eval.ImageBatches;
import ddim.eval.experiment.Evaluation.Part;
import ddim.eval.features.Features;
import ddim.model.Condition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All experiments on a model that is known in closed form, whose features are its pixels. */
class EvaluationTest {
  private static final Set<Part> ALL = EnumSet.allOf(Part.class);
  private static final EvaluationOptions OPTIONS =
      new EvaluationOptions(200, 500, 20, List.of(5, 10, 30), List.of(4, 10), Preset.DDIM, 50, 3);

  @TempDir static Path folder;
  private static String report;

  @BeforeAll
  static void evaluate() throws IOException {
    GaussianModel model = new GaussianModel();
    Evaluation evaluation = evaluation(model, folder, OPTIONS);
    AtomicLong heard = new AtomicLong();
    report = Files.readString(evaluation.run(ALL, (calls, task) -> heard.addAndGet(calls)));

    assertThat(heard.get()).isEqualTo(evaluation.networkCalls(ALL));
  }

  @Test
  void theNoisierSigmaHatIsTheWorstOfTheFirstTableAndErrorsFallWithSteps() throws IOException {
    for (int steps : List.of(5, 10)) {
      double worst = frechet("sigma-hat", steps);
      for (String other : List.of("ddim", "eta-0.2", "eta-0.5", "eta-1")) {
        assertThat(frechet(other, steps)).as(other).isLessThan(worst);
      }
      assertThat(frechet("ddim", steps)).isLessThan(frechet("eta-1", steps));
    }
    assertThat(frechet("sigma-hat", 30)).isLessThan(frechet("sigma-hat", 5));
    assertThat(error(10)).isLessThan(error(5) / 2);
    assertThat(error(30)).isLessThan(error(10) / 2);
  }

  @Test
  void theReportHasEveryTableAndItsPicturesAreThere() throws IOException {
    assertThat(report)
        .contains("| eta 0.2 |")
        .contains("| sigma-hat |")
        .contains("| DPM-Solver++(2M) |")
        .contains("200 images a cell, seeds from 3, against the first 500 images of train")
        .contains("## Table 2")
        .contains("Least squares: ");
    for (String picture :
        List.of(
            "samples",
            "table1-eta",
            "table1-solver",
            "table2",
            "consistency",
            "time",
            "neighbours")) {
      assertThat(report).contains("(" + picture + ".png)");
      assertThat(ImageIO.read(folder.resolve(picture + ".png").toFile())).isNotNull();
    }
    assertThat(Files.readAllLines(folder.resolve("table1.csv"))).hasSize(1 + 5 * 3 + 4 + 3 + 1);
  }

  @Test
  void whatWasMeasuredIsNotMeasuredAgainAndAPartMayBeAddedLater(@TempDir Path out)
      throws IOException {
    GaussianModel model = new GaussianModel();
    model.callsUntilFailure = 9;
    EvaluationOptions small =
        new EvaluationOptions(8, 20, 4, List.of(2, 3), List.of(2), Preset.DDIM, 4, 0);
    assertThatThrownBy(() -> evaluation(model, out, small).run(Set.of(Part.TABLE1), (n, t) -> {}))
        .hasMessage("the power failed");
    model.callsUntilFailure = Long.MAX_VALUE;
    model.networkCalls = 0;

    evaluation(model, out, small).run(Set.of(Part.TABLE1), (n, t) -> {});

    long all = evaluation(model, out, small).networkCalls(Set.of(Part.TABLE1));
    assertThat(all).isEqualTo(8 * (5 * (2 + 3) + 3 * 2));
    assertThat(model.networkCalls).isEqualTo(all - 4 * 8 * 2); // four cells were whole
    model.networkCalls = 0;
    Path text = evaluation(model, out, small).run(Set.of(Part.TABLE1, Part.TABLE2), (n, t) -> {});
    assertThat(model.networkCalls).isEqualTo(4 * 2 * (2 + 3));
    assertThat(Files.readString(text)).contains("## Table 1").contains("## Table 2");
  }

  @Test
  void otherStepsAreOtherRowsOfTheConsistencyPictures(@TempDir Path out) throws IOException {
    consistency(out, List.of(2, 3));
    byte[] picture = Files.readAllBytes(out.resolve("consistency.png"));

    String other = consistency(out, List.of(4));

    assertThat(other).contains("to those of 4 steps", "| 4 |").doesNotContain("| 2 |");
    assertThat(consistency(out, List.of(2, 3))).contains("of 3 steps", "| 2 |", "| 3 |");
    assertThat(out.resolve("consistency.png")).hasBinaryContent(picture);
  }

  private static String consistency(Path out, List<Integer> steps) throws IOException {
    EvaluationOptions small = new EvaluationOptions(8, 20, 4, steps, List.of(2), Preset.DDIM, 4, 0);
    return Files.readString(
        evaluation(new GaussianModel(), out, small).run(Set.of(Part.CONSISTENCY), (n, t) -> {}));
  }

  @Test
  void samplesOfClassesAreInTurnIfAskedForAndTheReportSaysSo(@TempDir Path out) throws IOException {
    GaussianModel model = new GaussianModel();
    model.classes = 3;
    EvaluationOptions labelled =
        new EvaluationOptions(
            8, 20, 4, List.of(2, 3), List.of(2), Preset.DDIM, 4, 20, OptionalDouble.of(2));
    Path with = evaluation(model, out.resolve("with"), labelled).run(ALL, (n, t) -> {});

    assertThat(Files.readString(with))
        .contains("Samples are of the 3 classes in turn, guidance 2.0.")
        .contains("8 images a cell, of the 3 classes in turn, guidance 2.0, seeds from 20")
        .contains("without clipping, without labels.");
    for (long image = 0; image < 64; image++) {
      assertThat(model.conditions.get(20 + image)).isEqualTo(new Condition((int) image % 3, 2));
    }
    assertThat(model.conditions.get(3L)).isEqualTo(Condition.NONE); // a reconstruction
    EvaluationOptions small =
        new EvaluationOptions(8, 20, 4, List.of(2, 3), List.of(2), Preset.DDIM, 4, 20);
    assertThatThrownBy(() -> evaluation(model, out.resolve("with"), small))
        .hasMessageContaining("labels is \"in turn, guidance 2.0\" there, absent now");
    model.conditions.clear();
    Path without = evaluation(model, out.resolve("without"), small).run(ALL, (n, t) -> {});
    assertThat(Files.readString(without))
        .contains("Samples are without labels.", "8 images a cell, without labels, seeds from 20");
    assertThat(model.conditions.values()).containsOnly(Condition.NONE);
    model.classes = 0;
    assertThatThrownBy(() -> evaluation(model, out.resolve("none"), labelled))
        .hasMessage("the model has no classes that images could be of");
  }

  @Test
  void resultsOfOtherSettingsAreNotMixed() {
    EvaluationOptions other =
        new EvaluationOptions(100, 500, 20, List.of(5), List.of(4), Preset.DDIM, 50, 3);

    assertThatThrownBy(() -> evaluation(new GaussianModel(), folder, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("count is 200 there, 100 now");
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThatThrownBy(
            () -> new EvaluationOptions(3, 9, 1, List.of(1), List.of(1), Preset.DDIM, 1, 0))
        .hasMessage("count must be 4 or more, is 3");
    assertThatThrownBy(
            () -> new EvaluationOptions(8, 9, 1, List.of(2, 2), List.of(1), Preset.DDIM, 1, 0))
        .hasMessage("steps must rise from 1, are [2, 2]");
    assertThatThrownBy(
            () ->
                new EvaluationOptions(
                    8, 9, 1, List.of(2), List.of(1), Preset.DDIM, 1, 0, OptionalDouble.of(101)))
        .hasMessage("guidance must be from 0 to 100, is 101.0");
    assertThat(LinearFit.of(List.of(1, 2, 4), List.of(3.0, 5.0, 9.0)))
        .isEqualTo(new LinearFit(1, 2, 1));
  }

  private static double frechet(String sampler, int steps) throws IOException {
    return cell("table1-" + sampler + "-" + steps).path("frechet").asDouble();
  }

  private static double error(int steps) throws IOException {
    return cell("table2-" + steps).path("mean_squared_error").asDouble();
  }

  private static JsonNode cell(String name) throws IOException {
    return new ObjectMapper().readTree(folder.resolve("cells/" + name + ".json").toFile());
  }

  private static Evaluation evaluation(GaussianModel model, Path out, EvaluationOptions options)
      throws IOException {
    ImageSource train = GaussianModel.images("train", 600, 1);
    ImageSource test = GaussianModel.images("test", 300, 2);
    return Evaluation.of(model, new Pixels(), train, test, options, out);
  }

  /** The pixels themselves as features. */
  private static final class Pixels implements Features {
    @Override
    public String distanceName() {
      return "Fréchet distance of pixels";
    }

    @Override
    public String description() {
      return "pixels";
    }

    @Override
    public int dimension() {
      return GaussianModel.SIDE * GaussianModel.SIDE;
    }

    @Override
    public float[][] of(List<byte[]> images, int height, int width, int channels) {
      return images.stream().map(ImageBatches::numbers).toArray(float[][]::new);
    }

    @Override
    public void close() {}
  }
}
