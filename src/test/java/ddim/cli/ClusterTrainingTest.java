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
  private static final int PROCESSES = 3;
  private static final int STEPS = 3;
  private static final int MORE_STEPS = 6;

  @TempDir Path folder;

  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void killWhoIsLeft() {
    processes.forEach(Process::destroyForcibly);
  }

  @Test
  void theLossesAreThoseOfOneProcessAndALostWorkerIsNamed() throws Exception {
    TinyModel tiny = TinyModel.in(folder);
    Files.writeString(
        folder.resolve("recipe.json"),
        "{\"base\": \"tiny\", \"batch_size\": 6, \"unet\": {\"image_channels\": 1}}");
    TinyModel.Outcome alone = tiny.train(MORE_STEPS, "--config", tiny.path("recipe.json"));
    assertThat(alone.exitCode()).as(alone.err()).isZero();
    List<Double> one = losses("run");

    Path three = cluster(PROCESSES);
    Process second = start(tiny, three, 2, STEPS);
    Process first = start(tiny, three, 1, STEPS);
    Process chief = start(tiny, three, 0, STEPS);
    assertThat(exitCode(chief)).as(() -> said("0")).isZero();
    assertThat(exitCode(first)).as(() -> said("1")).isZero();
    assertThat(exitCode(second)).as(() -> said("2")).isZero();
    assertEqual(losses("together"), one.subList(0, STEPS));
    assertThat(said("0")).containsPattern("scaling efficiency of 3 devices: \\d+ %");

    Path next = cluster(PROCESSES);
    start(tiny, next, 1, 1_000_000, "--resume");
    Process victim = start(tiny, next, 2, 1_000_000, "--resume");
    Process survivor = start(tiny, next, 0, 1_000_000, "--resume");
    await(() -> losses("together").size() > STEPS, survivor);
    victim.destroyForcibly();
    assertThat(exitCode(survivor)).isEqualTo(1);
    assertThat(said("0")).contains("worker:2 (127.0.0.1:").contains("is lost");
    killWhoIsLeft();

    Path fewer = cluster(2);
    Process helper = start(tiny, fewer, 1, MORE_STEPS, "--resume");
    Process resumed = start(tiny, fewer, 0, MORE_STEPS, "--resume");
    assertThat(exitCode(resumed)).as(() -> said("0")).isZero();
    assertThat(exitCode(helper)).as(() -> said("1")).isZero();
    assertEqual(losses("together"), one);

    Path again = cluster(2);
    Process waiting = start(tiny, again, 1, MORE_STEPS, "--resume");
    Process finished = start(tiny, again, 0, MORE_STEPS, "--resume");
    assertThat(exitCode(finished)).as(() -> said("0")).isZero();
    assertThat(exitCode(waiting)).as(() -> said("1")).isZero();
    assertThat(said("0")).contains("already trained to step " + MORE_STEPS);
  }

  private static void assertEqual(List<Double> several, List<Double> one) {
    assertThat(several).hasSameSizeAs(one);
    for (int i = 0; i < one.size(); i++) {
      assertThat(several.get(i)).as("loss of step " + (i + 1)).isCloseTo(one.get(i), within(1e-5));
    }
  }

  private Path cluster(int size) throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    for (int i = 0; i < size; i++) {
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
