package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.model.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that goes on with another recipe. */
class RunWithRecipeTest {
  private static final TrainConfig TINY = TrainConfig.named("tiny");

  @TempDir Path folder;

  /** So nothing of the state is lost on the way: not the step, not Adam's moments. */
  @Test
  void withItsOwnRecipeItIsTheUninterruptedRunBitForBit() throws Exception {
    Path whole = folder.resolve("whole");
    Path run = folder.resolve("run");
    Path copy = folder.resolve("copy");
    Trainer.run(TINY, new TinyImages(), whole, 6, false, TrainListener.NONE);
    Trainer.run(TINY, new TinyImages(), run, 4, false, TrainListener.NONE);

    Path checkpoint = RunImporter.withRecipe(run, TINY, copy);
    Trainer.run(TINY, new TinyImages(), copy, 6, true, TrainListener.NONE);

    assertThat(checkpoint).isEqualTo(copy.resolve("checkpoints/checkpoint-000000004.safetensors"));
    String last = "checkpoints/checkpoint-000000006.safetensors";
    assertThat(Files.mismatch(whole.resolve(last), copy.resolve(last))).isEqualTo(-1);
    assertThat(Files.readAllLines(copy.resolve("metrics.csv"))).hasSize(1 + 6);
  }

  @Test
  void aRunOfOneRateGoesOnWithARateThatFalls() throws Exception {
    Path run = folder.resolve("run");
    Path copy = folder.resolve("copy");
    Trainer.run(TINY, new TinyImages(), run, 4, false, TrainListener.NONE);
    TrainConfig falling = recipe("\"warmup_steps\": 4, \"decay_steps\": 8");
    List<Double> rates = new ArrayList<>();

    RunImporter.withRecipe(run, falling, copy);
    Trainer.run(falling, new TinyImages(), copy, 8, true, p -> rates.add(p.learningRate()));

    assertThat(rates)
        .containsExactly(
            1e-3, falling.learningRateAt(5), falling.learningRateAt(6), falling.learningRateAt(7));
    assertThat(TrainConfig.read(copy.resolve("config.json"))).isEqualTo(falling);
    assertThat(TrainConfig.read(run.resolve("config.json"))).isEqualTo(TINY);
  }

  @Test
  void refusesWhatCannotGoOn() throws Exception {
    Path run = folder.resolve("run");
    Path to = folder.resolve("to");
    assertThatThrownBy(() -> RunImporter.withRecipe(run, TINY, to))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage(run.resolve("checkpoints") + ": holds no checkpoint");

    Trainer.run(TINY, new TinyImages(), run, 4, false, TrainListener.NONE);

    TrainConfig wider = recipe("\"unet\": {\"channels\": 64}, \"prediction\": \"V\"");
    assertThatThrownBy(() -> RunImporter.withRecipe(run, wider, to))
        .hasMessage(
            "the recipe is for another model than the run in "
                + run
                + ": prediction is \"EPS\" in the run, \"V\" now; unet.channels is "
                + TINY.unet().channels()
                + " in the run, 64 now");
    TrainConfig over = recipe("\"warmup_steps\": 0, \"decay_steps\": 4");
    assertThatThrownBy(() -> RunImporter.withRecipe(run, over, to))
        .hasMessage("decay_steps must be above the 4 steps of the run in " + run + ", is 4");
    assertThat(to).doesNotExist();
    assertThatThrownBy(() -> RunImporter.withRecipe(run, TINY, run))
        .hasMessage(run + " already holds a run; choose another folder");
  }

  /** A file is where the folder of checkpoints should be, so that one cannot be written. */
  @Test
  void anImportThatEndsHalfwayHasMadeNoRunAndMayBeRepeated() throws Exception {
    Path run = folder.resolve("run");
    Path weights = folder.resolve("weights");
    Path copy = folder.resolve("copy");
    Trainer.run(TINY, new TinyImages(), run, 2, false, TrainListener.NONE);
    for (Path to : List.of(weights, copy)) {
      Files.createDirectories(to);
      Files.writeString(to.resolve("checkpoints"), "in the way");
    }
    String problem = "checkpoint-00000000%d.safetensors: cannot be written: ";

    assertThatThrownBy(() -> RunImporter.write(RunExporter.weights(run), TINY, weights))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(problem.formatted(0));
    assertThatThrownBy(() -> RunImporter.withRecipe(run, TINY, copy))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(problem.formatted(2));
    for (Path to : List.of(weights, copy)) {
      Files.delete(to.resolve("checkpoints"));
    }

    RunImporter.write(RunExporter.weights(run), TINY, weights);
    RunImporter.withRecipe(run, TINY, copy);
    assertThat(Trainer.run(TINY, new TinyImages(), weights, 1, true, TrainListener.NONE))
        .isEqualTo(1);
    assertThat(Trainer.run(TINY, new TinyImages(), copy, 3, true, TrainListener.NONE)).isEqualTo(3);
  }

  @Test
  void nothingIsImportedToWhereATrainingHasNotSavedYet() throws Exception {
    Path run = folder.resolve("run");
    Path busy = folder.resolve("busy");
    Trainer.run(TINY, new TinyImages(), run, 1, false, TrainListener.NONE);

    try (RunLock lock = RunLock.take(new RunFolder(busy))) {
      assertThatThrownBy(() -> RunImporter.withRecipe(run, TINY, busy))
          .hasMessage(busy + ": another process is training there");
    }
  }

  private static TrainConfig recipe(String changes) {
    return TrainConfig.parse("{\"base\": \"tiny\", " + changes + "}", "test");
  }
}
