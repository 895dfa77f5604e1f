package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * When {@code scripts/ddim} builds, and what it runs: with a Maven that only counts and a Java that
 * only repeats its arguments.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherBuildTest {
  private static final String MAVEN =
      """
      #!/bin/sh
      sleep 0.2
      echo "$@" >>builds.txt
      if [ -e broken ]; then echo 'class, interface or enum expected'; exit 1; fi
      mkdir -p target/lib
      echo jar >target/ddim-java.jar
      echo jar >target/lib/library.jar
      """;
  private static final String JAVA =
      """
      #!/bin/sh
      for argument; do echo "$argument"; done
      exit 7
      """;
  private static final int TIMEOUT_SECONDS = 120;

  @TempDir Path folder;

  private Path root;

  private record Outcome(int exitCode, List<String> out, String err) {}

  @BeforeEach
  void layOutARepository() throws IOException {
    root = Files.createDirectories(folder.resolve("a repository"));
    Files.createDirectories(root.resolve("scripts"));
    Files.copy(Path.of("scripts/ddim"), root.resolve("scripts/ddim"));
    for (String source : List.of("pom.xml", "proto/a.proto", "src/main/java/A.java")) {
      Files.createDirectories(root.resolve(source).getParent());
      Files.writeString(root.resolve(source), "");
    }
    program("bin/mvn", MAVEN);
    program("bin/java", JAVA);
  }

  @Test
  void buildsOnceAndPassesArgumentsAndExitCodeOn() throws Exception {
    Outcome first = ddim("", "sample", "--out", "two words", "", "*");
    Outcome second = ddim("", "--help");

    assertThat(first.exitCode).isEqualTo(7);
    assertThat(first.err).isEqualTo("building…\n");
    assertThat(afterMain(first)).containsExactly("sample", "--out", "two words", "", "*");
    assertThat(second.err).isEmpty();
    assertThat(afterMain(second)).containsExactly("--help");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void nativeMemoryIsNotBoundByTheHeap() throws Exception {
    assertThat(ddim("").out)
        .contains(
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-Dddim.progress=lines");
  }

  @Test
  void aNewerSourceOfAnyKindIsBuilt() throws Exception {
    ddim("");
    for (String source : List.of("pom.xml", "proto/a.proto", "src/main/java/A.java")) {
      Files.setLastModifiedTime(root.resolve(source), FileTime.from(Instant.now().plusMillis(10)));
      assertThat(ddim("").err).as(source).isEqualTo("building…\n");
      Files.setLastModifiedTime(root.resolve(source), FileTime.from(Instant.EPOCH));
    }
    Files.delete(root.resolve("src/main/java/A.java"));
    assertThat(ddim("").err).as("a source that is gone").isEqualTo("building…\n");
    assertThat(ddim("").err).isEmpty();
  }

  @Test
  void anotherProfileIsBuilt() throws Exception {
    ddim("");
    Outcome gpu = ddim("gpu");
    Outcome again = ddim("gpu");

    assertThat(gpu.err).isEqualTo("building…\n");
    assertThat(again.err).isEmpty();
    assertThat(builds().get(0)).doesNotContain("-P");
    assertThat(builds().get(1)).contains("-Pgpu");
  }

  @Test
  void aBuildThatFailsShowsWhyAndIsTriedAgain() throws Exception {
    Files.writeString(root.resolve("broken"), "");
    Outcome failed = ddim("");
    Files.delete(root.resolve("broken"));
    Outcome mended = ddim("");

    assertThat(failed.exitCode).isEqualTo(1);
    assertThat(failed.out).isEmpty();
    assertThat(failed.err)
        .startsWith("building…\nclass, interface or enum expected\n")
        .endsWith("ddim: the build failed; what Maven said is above\n");
    assertThat(mended.exitCode).isEqualTo(7);
  }

  @Test
  void launchesAtTheSameTimeBuildOnce() throws Exception {
    List<Process> launches = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      launches.add(start("", "launch" + i));
    }
    for (Process launch : launches) {
      assertThat(launch.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(launch.exitValue()).isEqualTo(7);
    }
    assertThat(builds()).hasSize(1);
  }

  private Outcome ddim(String profile, String... arguments) throws Exception {
    Process process = start(profile, "launch", arguments);
    assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).as("ended in time").isTrue();
    return new Outcome(
        process.exitValue(),
        Files.readAllLines(folder.resolve("launch.out")),
        Files.readString(folder.resolve("launch.err")));
  }

  private Process start(String profile, String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(root.resolve("scripts/ddim").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    String path = folder.resolve("bin") + ":" + builder.environment().get("PATH");
    builder.environment().put("PATH", path);
    builder.environment().put("DDIM_PROFILE", profile);
    builder.environment().remove("DDIM_CLASSPATH");
    builder.environment().remove("JAVA_HOME");
    builder.redirectOutput(folder.resolve(name + ".out").toFile());
    builder.redirectError(folder.resolve(name + ".err").toFile());
    return builder.start();
  }

  private static List<String> afterMain(Outcome outcome) {
    int main = outcome.out.indexOf("ddim.cli.Main");
    return outcome.out.subList(main + 1, outcome.out.size());
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(root.resolve("builds.txt"));
  }

  private void program(String name, String script) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, script.getBytes(StandardCharsets.UTF_8));
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}
