package ddim.cli;

import ddim.cli.config.ServeConfig;
import ddim.cli.config.ServeConfigReader;
import ddim.cli.images.Models;
import ddim.model.Device;
import ddim.model.SessionOptions;
import ddim.serve.DdimServer;
import ddim.serve.ServerOptions;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
      "Serves the models of a repository over gRPC.",
      "Ends with SIGTERM or SIGINT: what has begun may finish, the exit code is 0."
    })
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A YAML file with keys of the configuration; flags go before it.")
  private @Nullable Path file;

  @Option(
      names = "--keys",
      description = "Print the configuration file with every key and its default, and exit.")
  private boolean showKeys;

  @Mixin private final BatchingFlags batching = new BatchingFlags();
  @Mixin private final OperatorFlags flags = new OperatorFlags();

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (showKeys) {
      out.print(ServeConfigReader.documentation());
      out.flush();
      return 0;
    }
    DdimServer server;
    RepositoryOptions models;
    ServerOptions options;
    SessionOptions sessions;
    try {
      ServeConfig config = ServeConfigReader.read(file, given());
      models = config.repositoryOptions();
      options = config.serverOptions();
      Duration grace = config.grace();
      sessions = config.sessionOptions();
      server = Models.server(models, options, config.batcherOptions(), sessions);
      server.closeAtExit(grace); // before it loads, which may take minutes
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    try {
      spec.commandLine().getErr().println(Device.describe(sessions));
      server.load();
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
    server.adminPort().ifPresent(admin -> out.println("metrics on port " + admin));
    out.println("serving " + models.root() + " on " + options.host() + ":" + server.port());
    server.awaitTermination();
    return 0;
  }

  private Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>(flags.byKey());
    given.putAll(batching.byKey());
    return given;
  }
}
