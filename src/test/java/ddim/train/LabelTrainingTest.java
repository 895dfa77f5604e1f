package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.data.ImageSource;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.LoadedModel;
import ddim.model.ModelWeights;
import ddim.model.TestModels;
import ddim.model.Trajectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training with labels, on two classes that a tiny network tells apart: dark and bright. */
class LabelTrainingTest {
  private static final TrainConfig CONFIG =
      TrainConfig.parse(
          "{\"base\": \"tiny\", \"prediction\": \"X0\", \"unet\": {\"classes\": 2}}", "test");

  private static final TrainConfig UNTOLD =
      TrainConfig.parse(
          "{\"base\": \"tiny\", \"prediction\": \"X0\", \"label_dropout\": 1}", "test");

  @TempDir Path folder;

  @Test
  void theImagesAreOfTheClassThatWasAskedFor() throws Exception {
    Path run = folder.resolve("run");
    Trainer.run(CONFIG, new DarkAndBright(), run, 600, false, TrainListener.NONE);
    Path model = RunExporter.export(run, folder.resolve("m"), "x", OptionalLong.empty());
    try (LoadedModel loaded = LoadedModel.load(model)) {
      assertThat(loaded.spec().classNames()).containsExactly("dark", "bright");
      StepTable table =
          Sampler.ddim(10, 0)
              .table(NoiseSchedule.of(loaded.spec().schedule()), loaded.spec().prediction());
      List<Trajectory> rows = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        float[] start = loaded.latents(new long[] {i})[0];
        rows.add(
            new Trajectory(
                i,
                start,
                new float[StepTable.HISTORY * start.length],
                table,
                new Condition(i % 2, 2)));
      }
      loaded.advance(rows, 10, 8, null);
      for (int i = 0; i < 8; i++) {
        assertThat(mean(rows.get(i).x()) > 0).as("image " + i).isEqualTo(i % 2 == 1);
      }
    }
  }

  @Test
  void aResumedRunIsTheUninterruptedOneBitForBit() throws Exception {
    Path whole = folder.resolve("whole");
    Path resumed = folder.resolve("resumed");
    Trainer.run(CONFIG, new DarkAndBright(), whole, 6, false, TrainListener.NONE);
    Trainer.run(CONFIG, new DarkAndBright(), resumed, 2, false, TrainListener.NONE);
    Trainer.run(CONFIG, new DarkAndBright(), resumed, 6, true, TrainListener.NONE);
    String checkpoint = "checkpoints/checkpoint-000000006.safetensors";
    assertThat(Files.mismatch(whole.resolve(checkpoint), resumed.resolve(checkpoint)))
        .isEqualTo(-1);
  }

  @Test
  void weightsWithoutLabelsGoOnFromWhereTheyWere() throws Exception {
    ModelWeights weights = TestModels.tiny(Prediction.X0);
    List<Double> losses = new ArrayList<>();
    for (int classes : new int[] {0, 2}) {
      TrainConfig config =
          UNTOLD.withModel(UNTOLD.unet().withClasses(classes), UNTOLD.schedule(), Prediction.X0);
      Path run = folder.resolve("imported-" + classes);
      RunImporter.write(weights, config, run);
      ImageSource images = new Named("none");
      Trainer.run(config, images, run, 1, true, p -> losses.add(p.loss()));
      assertThat(RunExporter.weights(run).unet().classes()).isEqualTo(classes);
    }
    assertThat(losses.get(1)).isCloseTo(losses.get(0), within(1e-5));
  }

  @Test
  void refusesImagesWithoutLabels() {
    assertThatThrownBy(
            () -> Trainer.run(CONFIG, new TinyImages(), folder, 1, false, TrainListener.NONE))
        .hasMessage("the images of tiny-fashion-mnist have no labels, the network 2 classes");
  }

  @Test
  void recipesFromBeforeLabelsHaveNone() {
    String before = TrainConfig.named("tiny").toJson();
    String without =
        before.replaceAll(",\\s*\"classes\" : 0", "").replaceAll("\"label_dropout\" : 0.1,", "");
    assertThat(without).doesNotContain("classes").doesNotContain("label_dropout");
    assertThat(TrainConfig.parse(without, "test")).isEqualTo(TrainConfig.named("tiny"));
    assertThat(TrainConfig.named("fashion-mnist-labels").unet().classes()).isEqualTo(10);
    assertThat(CONFIG.labelDropout()).isCloseTo(0.1, within(0.0));
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  /** Even images are dark, odd ones bright. */
  static class DarkAndBright implements ImageSource {
    @Override
    public String name() {
      return "dark-and-bright";
    }

    @Override
    public String license() {
      return "CC0-1.0";
    }

    @Override
    public int size() {
      return 64;
    }

    @Override
    public int height() {
      return 8;
    }

    @Override
    public int width() {
      return 8;
    }

    @Override
    public int channels() {
      return 3;
    }

    @Override
    public void read(int index, byte[] into, int offset) {
      int grey = index % 2 == 0 ? 30 + index / 2 : 225 - index / 2;
      Arrays.fill(into, offset, offset + imageSize(), (byte) grey);
    }

    @Override
    public int classes() {
      return 2;
    }

    @Override
    public int label(int index) {
      return index % 2;
    }

    @Override
    public List<String> classNames() {
      return List.of("dark", "bright");
    }
  }

  /** Of another name: that of what the weights were trained on. */
  private static final class Named extends DarkAndBright {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }
  }
}
