package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGTERM to {@code ddim train}. */
class TrainSignalTest {
  private static final int SIGTERM_EXIT = 128 + 15;

  @TempDir Path folder;

  @Test
  void theRunEndsWithACheckpointOfItsLastStep() throws Exception {
    TinyModel.in(folder);
    Path run = folder.resolve("run");
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "train",
                "--data",
                folder.resolve("noise").toString(),
                "--out",
                run.toString(),
                "--config",
                folder.resolve("recipe.json").toString(),
                "--steps",
                "1000000")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      // the recipe is written when the graph is there: from then on there is something to save
      while (process.isAlive() && !Files.exists(run.resolve("metrics.csv"))) {
        Thread.sleep(50);
      }
      process.destroy();
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }

    assertThat(process.exitValue()).as(Files.readString(log)).isEqualTo(SIGTERM_EXIT);
    List<String> lines = Files.readAllLines(run.resolve("metrics.csv"));
    String step = lines.size() == 1 ? "0" : lines.get(lines.size() - 1).replaceAll(",.*", "");
    assertThat(Files.readString(log)).contains("stopped at step " + step + " of " + run);
    if (!step.equals("0")) {
      String name = "checkpoint-%09d.safetensors".formatted(Long.parseLong(step));
      assertThat(run.resolve("checkpoints").resolve(name)).exists();
    }
  }
}
