package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.model.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs that end before their last step. */
class InterruptedRunTest {
  private static final TrainConfig TINY = TrainConfig.named("tiny");

  @TempDir Path folder;

  @Test
  void aListenerEndsTheRunWithACheckpointOfTheStep() throws Exception {
    StopAfter stop = new StopAfter(3);

    long last = Trainer.run(TINY, new TinyImages(), folder, 100, false, stop);

    assertThat(last).isEqualTo(3);
    Path file = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    assertThat(file).hasFileName("checkpoint-000000003.safetensors");
    assertThat(folder.resolve("checkpoints/best.safetensors")).hasSameBinaryContentAs(file);
    try (SafeTensors tensors = SafeTensors.open(file)) {
      assertThat(Checkpoint.header(file, tensors).smoothedLoss()).isBetween(0.5, 1.5);
    }
    assertThat(Files.readAllLines(folder.resolve("metrics.csv"))).hasSize(4);
  }

  @Test
  void twoTrainingsInOneFolderAreRefused() throws Exception {
    RunFolder run = new RunFolder(folder);
    try (RunLock lock = RunLock.take(run)) {
      assertThatThrownBy(
              () -> Trainer.run(TINY, new TinyImages(), folder, 1, false, TrainListener.NONE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(folder + ": another process is training there");
    }
  }

  /** A file may not grow beyond a limit here, as on a disk that is full. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void whereACheckpointDoesNotFitTheEarlierOneStands() throws Exception {
    Trainer.run(TrainInNewProcess.CONFIG, new TinyImages(), folder, 1, false, TrainListener.NONE);
    Path file = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    byte[] before = Files.readAllBytes(file);

    Path log = folder.resolve("log");
    Process process = trainWithSmallFiles(log);

    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(Files.readString(log))
        .contains(folder.resolve("checkpoints") + ": the checkpoint of step 2 cannot be written: ")
        .contains(" bytes free; the earlier checkpoints stand");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    try (var files = Files.list(folder.resolve("checkpoints"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(file.getFileName().toString(), "best.safetensors");
    }
  }

  private Process trainWithSmallFiles(Path log) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            "sh",
            "-c",
            "ulimit -f 512; exec \"$0\" \"$@\"",
            java,
            "-XX:-UsePerfData",
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-cp",
            System.getProperty("java.class.path"),
            TrainInNewProcess.class.getName(),
            folder.toString(),
            "4")
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private static final class StopAfter implements TrainListener {
    private final int steps;
    private int seen;

    StopAfter(int steps) {
      this.steps = steps;
    }

    @Override
    public void onStep(TrainProgress progress) {
      seen++;
    }

    @Override
    public boolean wantsToStop() {
      return seen >= steps;
    }
  }
}
