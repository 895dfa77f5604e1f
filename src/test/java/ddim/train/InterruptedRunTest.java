package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.model.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  /** Folders are in the way of the files here: the tests may be run by one who may write all. */
  @Test
  void filesThatCannotBeWrittenForAWhileAreToldOnceAndTheTrainingGoesOn() throws Exception {
    Path run = folder.resolve("run");
    InTheWay listener = new InTheWay(run);

    long last = Trainer.run(TrainInNewProcess.CONFIG, new TinyImages(), run, 6, false, listener);

    assertThat(last).isEqualTo(6);
    String events = listener.events.getFileName().toString();
    assertThat(listener.warnings)
        .hasSize(4)
        .allMatch(text -> text.endsWith("; the training goes on and tries again"));
    for (String name : List.of("metrics.csv", events, "loss.png", "samples.png")) {
      assertThat(listener.warnings)
          .filteredOn(text -> text.startsWith(run.resolve(name) + ": cannot be written: "))
          .as(name)
          .hasSize(1);
    }
    assertThat(listener.checkpoints).containsExactly(2L, 4L, 6L);
    assertThat(Files.readAllLines(run.resolve("metrics.csv")))
        .extracting(line -> line.split(",")[0])
        .containsExactly("step", "1", "2", "3", "4", "5", "6");
    assertThat(EventFileTest.eventsOf(listener.events))
        .filteredOn(event -> event.getSummary().getValueCount() > 1)
        .extracting(event -> event.getStep())
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(run.resolve("loss.png")).isRegularFile();
    assertThat(run.resolve("samples.png")).isRegularFile();
  }

  @Test
  void aRunWhoseNumbersCannotBeWrittenFromTheStartNamesTheFile() throws Exception {
    Files.createDirectories(folder.resolve("metrics.csv/in the way"));

    assertThatThrownBy(
            () -> Trainer.run(TINY, new TinyImages(), folder, 1, false, TrainListener.NONE))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(folder.resolve("metrics.csv") + ": cannot be written: ");
    assertThat(folder.resolve(".metrics.csv.part")).doesNotExist();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatADiskHasNoRoomForIsWrittenWhenItHas() throws Exception {
    Path file = Files.createSymbolicLink(folder.resolve("file"), Path.of("/dev/full"));
    AppendedFile lines = new AppendedFile(file, 0);
    lines.append("one\n".getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(lines::flush).hasMessage("No space left on device");
    lines.append("two\n".getBytes(StandardCharsets.UTF_8));
    Files.delete(file);
    Files.createFile(file);
    lines.flush();
    lines.append("three\n".getBytes(StandardCharsets.UTF_8));
    lines.flush();

    assertThat(file).hasContent("one\ntwo\nthree\n");
  }

  /** Puts folders where files of a run are while steps 2 to 4 are done. */
  private static final class InTheWay implements TrainListener {
    private final Path run;
    private final List<String> warnings = new ArrayList<>();
    private final List<Long> checkpoints = new ArrayList<>();
    private Path events = Path.of("");

    InTheWay(Path run) {
      this.run = run;
    }

    @Override
    public void onStep(TrainProgress progress) {
      try {
        if (progress.step() == 1) {
          try (var files = Files.list(run)) {
            events = files.filter(f -> f.toString().contains("tfevents")).findFirst().orElseThrow();
          }
          Files.move(run.resolve("metrics.csv"), run.resolve("metrics.aside"));
          Files.move(events, run.resolve("events.aside"));
          for (Path file : all()) {
            Files.createDirectory(file);
          }
        } else if (progress.step() == 5) {
          for (Path file : all()) {
            Files.delete(file);
          }
          Files.move(run.resolve("metrics.aside"), run.resolve("metrics.csv"));
          Files.move(run.resolve("events.aside"), events);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private List<Path> all() {
      return List.of(
          run.resolve("metrics.csv"), events, run.resolve("loss.png"), run.resolve("samples.png"));
    }

    @Override
    public int samples() {
      return 2;
    }

    @Override
    public void onWarning(String text) {
      warnings.add(text);
    }

    @Override
    public void onCheckpoint(long step, Path file) {
      checkpoints.add(step);
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
