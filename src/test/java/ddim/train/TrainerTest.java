package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.model.ModelFormatException;
import ddim.model.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs of a tiny network on real images. */
class TrainerTest {
  private static final TrainConfig TINY = TrainConfig.named("tiny");

  @TempDir Path folder;

  @Test
  void anUntrainedNetworkPredictsNothingAndThenTheLossFalls() throws Exception {
    List<Double> losses = new ArrayList<>();

    Trainer.run(TINY, new TinyImages(), folder, 60, false, p -> losses.add(p.loss()));

    assertThat(losses.get(0)).isCloseTo(1, within(0.1)); // the variance of the noise
    assertThat(mean(losses.subList(50, 60))).isLessThan(0.6);
    assertThat(Files.readAllLines(folder.resolve("metrics.csv"))).hasSize(61);
  }

  @Test
  void aResumedRunIsTheUninterruptedOneBitForBit() throws Exception {
    Path whole = folder.resolve("whole");
    Path resumed = folder.resolve("resumed");

    Trainer.run(TINY, new TinyImages(), whole, 8, false, TrainListener.NONE);
    Trainer.run(TINY, new TinyImages(), resumed, 3, false, TrainListener.NONE);
    Trainer.run(TINY, new TinyImages(), resumed, 8, true, TrainListener.NONE);

    String checkpoint = "checkpoints/checkpoint-000000008.safetensors";
    assertThat(Files.mismatch(whole.resolve(checkpoint), resumed.resolve(checkpoint)))
        .isEqualTo(-1);
    assertThat(lossesIn(resumed)).isEqualTo(lossesIn(whole));
  }

  @ParameterizedTest
  @EnumSource(ddim.diffusion.Prediction.class)
  void learnsEveryPrediction(ddim.diffusion.Prediction prediction) throws Exception {
    TrainConfig config =
        TrainConfig.parse("{\"base\": \"tiny\", \"prediction\": \"" + prediction + "\"}", "test");
    List<Double> losses = new ArrayList<>();

    Trainer.run(config, new TinyImages(), folder, 60, false, p -> losses.add(p.loss()));

    assertThat(mean(losses.subList(50, 60))).isLessThan(0.85 * mean(losses.subList(0, 5)));
  }

  @Test
  void dropoutAndFlipsAreDrawnFromTheStep() throws Exception {
    String json = "{\"base\": \"tiny\", \"flip\": true, \"unet\": {\"dropout\": 0.3}}";
    TrainConfig config = TrainConfig.parse(json, "test");
    Path one = folder.resolve("one");
    Path two = folder.resolve("two");

    Trainer.run(config, new TinyImages(), one, 3, false, TrainListener.NONE);
    Trainer.run(config, new TinyImages(), two, 3, false, TrainListener.NONE);

    assertThat(config.unet().dropout()).isEqualTo(0.3);
    assertThat(lossesIn(two)).isEqualTo(lossesIn(one));
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRunAndTheLastCheckpointStands() throws Exception {
    TrainConfig config =
        TrainConfig.parse(
            "{\"base\": \"tiny\", \"learning_rate\": 1e30, \"warmup_steps\": 0,"
                + " \"checkpoint_every\": 1}",
            "test");

    assertThatThrownBy(
            () -> Trainer.run(config, new TinyImages(), folder, 50, false, TrainListener.NONE))
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageMatching(
            "step \\d+: the loss is \\S+ and the gradient norm \\S+; the last checkpoint in "
                + folder.resolve("checkpoints")
                + " stands");
    assertThat(Checkpoint.newest(new RunFolder(folder))).isPresent();
  }

  @Test
  void refusesARunThatIsThereAndOneThatIsNot() throws Exception {
    assertThatThrownBy(() -> Trainer.run(TINY, new TinyImages(), folder, 2, true, null))
        .hasMessage(folder + " has no checkpoint to resume from");

    Trainer.run(TINY, new TinyImages(), folder, 1, false, TrainListener.NONE);

    assertThatThrownBy(() -> Trainer.run(TINY, new TinyImages(), folder, 2, false, null))
        .hasMessage(
            folder + " already holds a run; continue it with --resume or choose another folder");
    assertThatThrownBy(() -> Trainer.run(TINY.withSeed(4), new TinyImages(), folder, 2, true, null))
        .hasMessage(
            "the run in " + folder + " was made with another recipe: seed is 0 in the run, 4 now");
  }

  @Test
  void refusesImagesOfAnotherShape() {
    TrainConfig config = TrainConfig.named("fashion-mnist");
    assertThatThrownBy(() -> Trainer.run(config, new TinyImages(), folder, 2, false, null))
        .hasMessage("the images of tiny-fashion-mnist are 8x8x3, the network's 28x28x1");
  }

  @Test
  void aDamagedCheckpointIsNamed() throws Exception {
    Trainer.run(TINY, new TinyImages(), folder, 1, false, TrainListener.NONE);
    Path file = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(
            () -> Trainer.run(TINY, new TinyImages(), folder, 2, true, TrainListener.NONE))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(file + ": tensor '");
    assertThatThrownBy(
            () -> RunExporter.export(folder, folder.resolve("m"), "x", OptionalLong.empty()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(file + ": tensor '");
  }

  @Test
  void theAverageLagsBehindTheWeights() throws Exception {
    Trainer.run(TINY, new TinyImages(), folder, 5, false, TrainListener.NONE);
    Path file = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    String name = "conv_in.weight";
    try (SafeTensors tensors = SafeTensors.open(file)) {
      assertThat(tensors.floats("ema/" + name)).isNotEqualTo(tensors.floats("weights/" + name));
      assertThat(tensors.names()).hasSize(4 * 144);
    }
  }

  private static List<String> lossesIn(Path run) throws Exception {
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*,[^,]*$", "")) // waiting and speed
        .toList();
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
