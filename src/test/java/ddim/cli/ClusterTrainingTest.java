package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes on loopback that train one model. */
class ClusterTrainingTest {
  private static final int PROCESSES = 2;
  private static final int STEPS = 3;

  @TempDir Path folder;

  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void killWhoIsLeft() {
    processes.forEach(Process::destroyForcibly);
  }

  @Test
  void theLossesAreThoseOfOneProcessAndALostWorkerIsNamed() throws Exception {
    TinyModel tiny = TinyModel.in(folder);
    TinyModel.Outcome alone = tiny.train(STEPS, "--config", tiny.path("recipe.json"));
    assertThat(alone.exitCode()).as(alone.err()).isZero();

    Path cluster = cluster();
    Process worker = start(tiny, cluster, 1, STEPS);
    Process chief = start(tiny, cluster, 0, STEPS);

    assertThat(exitCode(chief)).as(() -> said("0")).isZero();
    assertThat(exitCode(worker)).as(() -> said("1")).isZero();
    List<Double> one = losses("run");
    List<Double> several = losses("together");
    assertThat(several).hasSize(STEPS);
    for (int i = 0; i < STEPS; i++) {
      assertThat(several.get(i)).isCloseTo(one.get(i), within(1e-5));
    }

    Path next = cluster();
    Process victim = start(tiny, next, 1, 1_000_000, "--resume");
    Process survivor = start(tiny, next, 0, 1_000_000, "--resume");
    await(() -> losses("together").size() > STEPS, survivor);
    victim.destroyForcibly();
    assertThat(exitCode(survivor)).isEqualTo(1);
    assertThat(said("0")).contains("worker:1 (127.0.0.1:").contains("is lost");
  }

  private Path cluster() throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    for (int i = 0; i < PROCESSES; i++) {
      held.add(new ServerSocket(0));
    }
    String workers =
        held.stream()
            .map(socket -> "\"127.0.0.1:" + socket.getLocalPort() + "\"")
            .collect(Collectors.joining(", "));
    for (ServerSocket socket : held) {
      socket.close();
    }
    return Files.writeString(folder.resolve("cluster.json"), "{\"worker\": [" + workers + "]}");
  }

  private Process start(TinyModel tiny, Path cluster, int task, long steps, String... more)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "train",
                "--data",
                tiny.path("noise"),
                "--out",
                tiny.path("together"),
                "--steps",
                Long.toString(steps),
                "--cluster",
                cluster.toString(),
                "--task",
                "worker:" + task));
    command.addAll(more.length > 0 ? List.of(more) : List.of("--config", tiny.path("recipe.json")));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("said-" + task).toFile())
            .start();
    processes.add(process);
    return process;
  }

  private static int exitCode(Process process) throws InterruptedException {
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    return process.exitValue();
  }

  private void await(java.util.concurrent.Callable<Boolean> condition, Process process)
      throws Exception {
    while (!condition.call()) {
      assertThat(process.isAlive()).as(() -> said("0")).isTrue();
      Thread.sleep(200);
    }
  }

  private String said(String task) {
    try {
      return Files.readString(folder.resolve("said-" + task));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private List<Double> losses(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("metrics.csv")).stream()
        .skip(1)
        .filter(line -> line.chars().filter(c -> c == ',').count() >= 4)
        .map(line -> Double.valueOf(line.split(",")[1]))
        .toList();
  }
}
