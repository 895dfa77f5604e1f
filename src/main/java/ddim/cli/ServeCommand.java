package ddim.cli;

import ddim.cli.images.Models;
import ddim.model.Device;
import ddim.serve.DdimServer;
import ddim.serve.ServerOptions;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim serve}. */
@Command(
    name = "serve",
    description = {
      "Serves the newest version of every model of a repository over gRPC.",
      "Ends with SIGTERM or SIGINT: what has begun may finish, the exit code is 0."
    })
final class ServeCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final int MAX_PORT = 65_535;

  @Spec private CommandSpec spec;

  @Option(
      names = "--models",
      required = true,
      paramLabel = "DIR",
      description = "The model repository, DIR/NAME/VERSION/.")
  private Path models;

  @Option(
      names = "--host",
      defaultValue = "0.0.0.0",
      paramLabel = "H",
      description = "The address to listen on (default: ${DEFAULT-VALUE}, all of them).")
  private String host;

  @Option(
      names = "--port",
      defaultValue = "8500",
      paramLabel = "N",
      description = "The port to listen on; 0 for a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Mixin private final BatchingFlags batching = new BatchingFlags();
  @Mixin private final OperatorFlags operators = new OperatorFlags();

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (port < 0 || port > MAX_PORT) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--port': must be from 0 to " + MAX_PORT + ", is " + port);
    }
    PrintWriter out = spec.commandLine().getOut();
    ServerOptions options = operators.on(ServerOptions.defaults().withAddress(host, port));
    DdimServer server = Models.server(RepositoryOptions.of(models), options, batching.options());
    spec.commandLine().getErr().println(Device.describe());
    try {
      server.load();
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server), "ddim-shutdown"));
    server.adminPort().ifPresent(admin -> out.println("metrics on port " + admin));
    out.println("serving " + models + " on " + host + ":" + server.port());
    server.awaitTermination();
    return 0;
  }

  /** A server that is told to end has done its work: without this, SIGTERM would be code 143. */
  private static void end(DdimServer server) {
    server.close(GRACE);
    Runtime.getRuntime().halt(0);
  }
}
