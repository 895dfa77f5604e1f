package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that is killed (kill -9) at random moments, and each time continued, against one that is
 * left alone. {@code -Dddim.kills=50} kills it 50 times.
 */
class KillTest {
  private static final int KILLS = Integer.getInteger("ddim.kills", 3);
  private static final int MOST_STEPS = 5; // of a process before it is killed

  @TempDir Path folder;

  @Test
  void aRunThatIsKilledAtRandomMomentsEndsAsTheUninterruptedOneBitForBit() throws Exception {
    int steps = 4 + 2 * KILLS;
    Path killed = folder.resolve("killed");
    Random random = new Random(20261124);
    int resumed = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      long before = newestStep(killed);
      Process process = start(killed, steps);
      String last = killAfter(process, 1 + random.nextInt(MOST_STEPS), random.nextInt(40));
      resumed += before > 0 ? 1 : 0;
      System.out.printf("kill %d: from step %d, after '%s'%n", kill + 1, before, last);
    }
    finish(killed, steps);
    assertThat(resumed).isPositive();

    Path whole = folder.resolve("whole");
    finish(whole, steps); // not here, where other tests may have set TensorFlow's threads
    String checkpoint = "checkpoints/checkpoint-%09d.safetensors".formatted(steps);
    assertThat(Files.mismatch(whole.resolve(checkpoint), killed.resolve(checkpoint))).isEqualTo(-1);
    String best = "checkpoints/best.safetensors";
    assertThat(Files.mismatch(whole.resolve(best), killed.resolve(best))).isEqualTo(-1);
    assertThat(losses(killed)).isEqualTo(losses(whole));
    try (var files = Files.list(killed.resolve("checkpoints"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .hasSize(Checkpoint.KEPT + 1)
          .noneMatch(name -> name.endsWith(".part"));
    }
  }

  private static void finish(Path run, int steps) throws Exception {
    Process process = start(run, steps);
    process.getInputStream().transferTo(OutputStream.nullOutputStream());
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  /** Kills the process some milliseconds after it has said so many steps, or when it has ended. */
  private static String killAfter(Process process, int steps, int millis) throws Exception {
    String last = "no step";
    try (BufferedReader lines = process.inputReader()) {
      String line = lines.readLine();
      for (int said = 0; line != null && said < steps; line = lines.readLine()) {
        if (line.startsWith("step ")) {
          last = line;
          said++;
        }
      }
      Thread.sleep(millis);
      process.destroyForcibly();
    }
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    return last;
  }

  private static Process start(Path run, int steps) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-cp",
            System.getProperty("java.class.path"),
            TrainInNewProcess.class.getName(),
            run.toString(),
            Integer.toString(steps))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static long newestStep(Path run) throws IOException {
    return Checkpoint.newest(new RunFolder(run))
        .map(file -> Long.parseLong(file.getFileName().toString().replaceAll("[^0-9]", "")))
        .orElse(0L);
  }

  /** Without what is measured: the share of waiting and the speed. */
  private static List<String> losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*,[^,]*$", ""))
        .toList();
  }
}
