package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.SamplingClient.Query;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Servers in processes of their own, which are told to end and killed. */
@DisabledOnOs(OS.WINDOWS)
class ServerProcessTest {
  private static final int PATIENCE_SECONDS = 180;

  @TempDir private Path folder;
  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void sigtermLetsTheRunningFinishTellsTheWaitingAndEndsWithCode0() throws Exception {
    Path hold = Files.writeString(folder.resolve("hold"), "");
    try (ServerProcess server = ServerProcess.start(folder, 0);
        SamplingClient client = SamplingClient.connect("127.0.0.1:" + server.port())) {
      assertThat(get(server, "/readyz")).isEqualTo(200);
      var running = ask(client, 1);
      await(() -> Files.exists(folder.resolve("held")));
      var waiting = ask(client, 2);
      await(() -> metrics(server).contains("ddim_queue_images{model=\"clothes\",version=\"1\"} 1"));

      server.terminate();

      assertThatThrownBy(() -> waiting.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .hasMessageContaining("UNAVAILABLE: the model is being shut down");
      assertThat(get(server, "/readyz")).isEqualTo(503);
      assertThat(running).isNotDone();
      Files.delete(hold);
      assertThat(running.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).hasSize(1);
      assertThat(server.exitCode()).isZero();
    }
  }

  @Test
  void ofThreeServersOneIsKilledAndOneStartedAgainAndNoCallFails() throws Exception {
    List<ServerProcess> servers = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      servers.add(ServerProcess.start(Files.createDirectory(folder.resolve(name)), 0));
    }
    String target =
        String.join(",", servers.stream().map(server -> "127.0.0.1:" + server.port()).toList());
    try (SamplingClient client = SamplingClient.connect(ClientOptions.of(target).withAttempts(5))) {
      List<List<float[]>> expected = List.of(client.sample(Query.of("clothes", 7, 2)).pixels());
      AtomicInteger answered = new AtomicInteger();
      var stop = new AtomicBoolean();
      List<CompletableFuture<Void>> callers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        boolean streams = i == 2;
        callers.add(
            CompletableFuture.runAsync(
                () -> {
                  while (!stop.get()) {
                    Query query = Query.of("clothes", 7, 2);
                    var made =
                        streams
                            ? client.sample(query, List.of(), RetryTest.NOBODY)
                            : client.sample(query);
                    assertThat(made.pixels().get(0)).isEqualTo(expected.get(0).get(0));
                    answered.incrementAndGet();
                  }
                },
                task -> new Thread(task).start()));
      }
      try {
        await(() -> servers.stream().allMatch(server -> metrics(server).contains("Sample\"}")));
        int port = servers.get(1).port();
        servers.get(1).kill();
        int before = answered.get();
        await(() -> answered.get() > before + 20);

        servers.set(1, ServerProcess.start(folder.resolve("b"), port));
        await(() -> metrics(servers.get(1)).contains("Sample\"}"));
        servers.get(0).terminate();
        int after = answered.get();
        await(() -> answered.get() > after + 20);
        assertThat(callers).noneMatch(CompletableFuture::isDone);
      } finally {
        stop.set(true);
      }
      for (CompletableFuture<Void> caller : callers) {
        caller.get(PATIENCE_SECONDS, TimeUnit.SECONDS); // fails if one of its calls has
      }
      assertThat(servers.get(0).exitCode()).isZero();
    } finally {
      servers.forEach(ServerProcess::close);
    }
  }

  private static CompletableFuture<List<float[]>> ask(SamplingClient client, long seed) {
    return CompletableFuture.supplyAsync(
        () -> client.sample(Query.of("clothes", seed, 1)).pixels(),
        task -> new Thread(task).start());
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(end);
      Thread.sleep(20);
    }
  }

  private String metrics(ServerProcess server) {
    try {
      return http.send(request(server, "/metrics"), BodyHandlers.ofString()).body();
    } catch (Exception e) {
      return ""; // not there yet
    }
  }

  private int get(ServerProcess server, String path) throws Exception {
    return http.send(request(server, path), BodyHandlers.discarding()).statusCode();
  }

  private static HttpRequest request(ServerProcess server, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.adminPort() + path))
        .build();
  }
}
