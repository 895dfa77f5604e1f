package ddim.serve;

import ddim.serve.admin.AdminOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A server in a process of its own, with a model that needs no network, and whose graph calls wait
 * as long as there is a file "hold" in the folder.
 */
final class ServerProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Process process;
  private final int port;
  private final int adminPort;

  private ServerProcess(Process process, int port, int adminPort) {
    this.process = process;
    this.port = port;
    this.adminPort = adminPort;
  }

  /** Starts it, serving or about to. */
  static ServerProcess start(Path folder, int port) throws Exception {
    Files.createDirectories(folder.resolve("models/clothes/1"));
    Path ports = folder.resolve("ports");
    Files.deleteIfExists(ports);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                ServerProcess.class.getName(),
                folder.toString(),
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(folder.resolve("log").toFile()))
            .start();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(ports)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        process.destroyForcibly();
        throw new AssertionError("no server: " + Files.readString(folder.resolve("log")));
      }
      Thread.sleep(20);
    }
    String[] both = Files.readString(ports).split(" ", -1);
    return new ServerProcess(process, Integer.parseInt(both[0]), Integer.parseInt(both[1]));
  }

  /** The process: FOLDER PORT. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Path.of(args[0]);
    FakeModel model = new FakeModel();
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(folder.resolve("models")),
            version -> model,
            BatcherOptions.of(1),
            new SystemTime());
    DdimServer server =
        DdimServer.start(
            ServerOptions.defaults()
                .withAddress("127.0.0.1", Integer.parseInt(args[1]))
                .with(AdminOptions.NONE.withHttpPort(0)),
            models);
    server.load();
    model.onCall(call -> await(folder.resolve("hold"), folder.resolve("held")));
    server.closeAtExit(Duration.ofMinutes(3));
    Path ports =
        Files.writeString(
            folder.resolve("ports.new"), server.port() + " " + server.adminPort().orElseThrow());
    Files.move(ports, folder.resolve("ports"));
    server.awaitTermination();
  }

  private static void await(Path hold, Path held) {
    try {
      if (Files.exists(hold)) {
        Files.writeString(held, "");
      }
      while (Files.exists(hold)) {
        Thread.sleep(20);
      }
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  int port() {
    return port;
  }

  int adminPort() {
    return adminPort;
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** SIGKILL, and waits for the end. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits for the end. */
  int exitCode() throws InterruptedException {
    if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("the server does not end");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
