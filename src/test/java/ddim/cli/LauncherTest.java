package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code scripts/ddim} as a user calls it, in a process of its own, with the classes of the test.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final Path LAUNCHER = Path.of("scripts/ddim").toAbsolutePath();
  private static final int TIMEOUT_SECONDS = 120;

  @TempDir Path folder;

  private record Outcome(int exitCode, String out, String err) {}

  @ParameterizedTest
  @ValueSource(strings = {"demo", "train", "export", "serve", "sample", "inspect"})
  void everyCommandHasHelp(String command) throws Exception {
    Outcome outcome = ddim(command, "--help");

    assertThat(outcome.exitCode).as(outcome.err).isZero();
    assertThat(outcome.out).startsWith("Usage: ddim " + command + " ").contains("--help");
    assertThat(outcome.err).isEmpty();
  }

  @Test
  void tellsItsVersion() throws Exception {
    assertThat(ddim("--version").out).startsWith("ddim-java ");
  }

  @Test
  void helpListsTheCommands() throws Exception {
    assertThat(ddim("--help").out)
        .contains("demo", "train", "export", "serve", "sample", "inspect");
  }

  @Test
  void aWrongOptionIsAWrongCall() throws Exception {
    Outcome outcome = ddim("train", "--data", "fashion-mnist", "--out", "run", "--stepz", "3");

    assertThat(outcome.exitCode).isEqualTo(2);
    assertThat(outcome.err)
        .startsWith("ddim train: Unknown options: '--stepz', '3'")
        .contains("Try 'ddim train --help'.");
  }

  @Test
  void noCommandIsAWrongCall() throws Exception {
    Outcome outcome = ddim();

    assertThat(outcome.exitCode).isEqualTo(2);
    assertThat(outcome.err).startsWith("ddim: Missing required subcommand");
  }

  @Test
  void aFailureIsOneLineThatNamesThePath() throws Exception {
    Path none = folder.resolve("no model here");

    Outcome outcome = ddim("inspect", none.toString());

    assertThat(outcome.exitCode).isEqualTo(1);
    assertThat(outcome.err.lines()).hasSize(1);
    assertThat(outcome.err).startsWith("ddim inspect: ").contains(none.toString());
  }

  @Test
  void verboseAddsTheStackTrace() throws Exception {
    Outcome outcome = ddim("inspect", folder.resolve("none").toString(), "--verbose");

    assertThat(outcome.exitCode).isEqualTo(1);
    assertThat(outcome.err).contains("\tat ddim.");
  }

  @Test
  void argumentsAreRelativeToTheCallersFolderAndMayHaveSpaces() throws Exception {
    Files.createDirectories(folder.resolve("my images"));

    Outcome outcome = ddim("train", "--data", "my images", "--out", "a run");

    assertThat(outcome.exitCode).isEqualTo(1);
    assertThat(outcome.err)
        .startsWith("ddim train: my images: expected a folder with train-images-idx3-ubyte");
  }

  @Test
  void aLinkToTheLauncherWorksFromAnyFolder() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("my ddim"), LAUNCHER);

    Outcome outcome = run(link, "--help");

    Files.delete(link);
    assertThat(outcome.exitCode).as(outcome.err).isZero();
  }

  @Test
  void aServerServesUntilItIsTerminatedAndThenEndsWell() throws Exception {
    TinyModel.in(folder).trainAndExport();
    Process server = start(LAUNCHER, "serve", "--models", "models", "--port", "0");
    try {
      String target = "127.0.0.1:" + port(server);
      Files.move(folder.resolve("out.txt"), folder.resolve("server.txt"));

      Outcome sampled =
          ddim(
              "sample",
              "--target",
              target,
              "--model",
              "tiny",
              "--count",
              "2",
              "--steps",
              "2",
              "--out",
              "my pictures.png");
      server.destroy(); // SIGTERM to the script, which has become the program

      assertThat(sampled.exitCode).as(sampled.err).isZero();
      assertThat(folder.resolve("my pictures.png")).isNotEmptyFile();
      assertThat(server.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isZero();
    } finally {
      server.destroyForcibly();
    }
  }

  /** Waits for the line that says where the server listens. */
  private String port(Process server) throws Exception {
    Pattern serving = Pattern.compile("serving .*:(\\d+)\\R");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (server.isAlive() && System.nanoTime() < end) {
      Matcher line = serving.matcher(Files.readString(folder.resolve("out.txt")));
      if (line.find()) {
        return line.group(1);
      }
      Thread.sleep(100);
    }
    throw new AssertionError("no server: " + Files.readString(folder.resolve("err.txt")));
  }

  private Outcome ddim(String... arguments) throws Exception {
    return run(LAUNCHER, arguments);
  }

  private Outcome run(Path launcher, String... arguments) throws Exception {
    Process process = start(launcher, arguments);
    try {
      assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).as("ended in time").isTrue();
      return new Outcome(
          process.exitValue(),
          Files.readString(folder.resolve("out.txt"), StandardCharsets.UTF_8),
          Files.readString(folder.resolve("err.txt"), StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  private Process start(Path launcher, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(launcher.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("DDIM_CLASSPATH", System.getProperty("java.class.path"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("DDIM_DEBUG");
    builder.redirectOutput(folder.resolve("out.txt").toFile());
    builder.redirectError(folder.resolve("err.txt").toFile());
    return builder.start();
  }
}
