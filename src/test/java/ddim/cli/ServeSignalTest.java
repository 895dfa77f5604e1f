package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code ddim serve} in a process of its own that has not come to serve yet. */
@DisabledOnOs(OS.WINDOWS)
class ServeSignalTest {
  @TempDir private Path folder;

  @Test
  void sigtermWhileModelsLoadIsAGoodEnd() throws Exception {
    Process process = serve(Path.of("savedmodel"));
    try {
      while (process.isAlive()
          && !Files.readString(log()).contains("running on")) { // then it loads
        Thread.sleep(5);
      }
      process.destroy();
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(log())).doesNotContain("serving ");
    assertThat(process.exitValue()).as(Files.readString(log())).isZero();
  }

  @Test
  void modelsThatCannotBeLoadedAreABadEnd() throws Exception {
    Files.createDirectories(folder.resolve("models/hats/1"));
    Process process = serve(folder.resolve("models"));
    try {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(log())).contains("no model can be served");
    assertThat(process.exitValue()).isEqualTo(1);
  }

  private Path log() {
    return folder.resolve("log");
  }

  private Process serve(Path models) throws IOException {
    Files.createFile(log());
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "serve",
            "--models",
            models.toString(),
            "--port",
            "0")
        .redirectErrorStream(true)
        .redirectOutput(log().toFile())
        .start();
  }
}
