package ddim.cli.images;

import ddim.model.Device;
import ddim.serve.ClientOptions;
import ddim.serve.DdimServer;
import ddim.serve.RemoteFailureException;
import ddim.serve.SamplingClient;
import ddim.serve.ServerOptions;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.repository.VersionPolicy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client that asks one model: of a server elsewhere, or of one that this process starts for a
 * folder of models. Both ways are the same way, so both make the same images.
 */
public final class ModelConnection implements AutoCloseable {
  private final SamplingClient client;
  private final @Nullable DdimServer own;
  private final String model;
  private final OptionalLong version;

  private ModelConnection(
      SamplingClient client, @Nullable DdimServer own, String model, OptionalLong version) {
    this.client = client;
    this.own = own;
    this.model = model;
    this.version = version;
  }

  /** Asks a server elsewhere; connects with the first call. */
  public static ModelConnection to(ClientOptions options, String model, OptionalLong version) {
    return new ModelConnection(SamplingClient.connect(options), null, model, version);
  }

  /**
   * Starts a server on a free port of this machine's own address, for one model of a repository;
   * nothing else is loaded.
   *
   * @param err told what the model runs on
   * @throws IOException if there is no such folder or model
   */
  public static ModelConnection of(Path models, String model, OptionalLong version, PrintWriter err)
      throws IOException {
    ModelFolder.find(models, model, version);
    err.println(Device.describe());
    VersionPolicy versions =
        version.isPresent() ? VersionPolicy.only(version.getAsLong()) : VersionPolicy.NEWEST;
    ModelConfig config = new ModelConfig(model, versions, Map.of());
    DdimServer server =
        Models.server(
            RepositoryOptions.only(models, config),
            ServerOptions.defaults().withAddress("127.0.0.1", 0));
    try {
      server.load();
      String target = "127.0.0.1:" + server.port();
      return new ModelConnection(SamplingClient.connect(target), server, model, version);
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** What the model is. */
  public SamplingClient.Model model() {
    List<SamplingClient.Model> ready = ask(SamplingClient::models);
    return ready.stream()
        .filter(found -> found.name().equals(model))
        .filter(found -> version.isEmpty() || found.version() == version.getAsLong())
        .reduce((older, newer) -> newer)
        .orElseThrow(
            () ->
                new WrongCallException(
                    "the server has no model '%s'%s; it has %s"
                        .formatted(
                            model,
                            version.isPresent() ? " version " + version.getAsLong() : "",
                            ready.stream().map(SamplingClient.Model::name).distinct().toList())));
  }

  /** A query of the model, all else as by default. */
  public SamplingClient.Query query() {
    SamplingClient.Query query = SamplingClient.Query.of(model);
    return version.isPresent() ? query.withVersion(version.getAsLong()) : query;
  }

  /**
   * Asks.
   *
   * @throws WrongCallException if the server says that the request cannot be
   * @throws RemoteFailureException if it fails otherwise
   */
  public <T> T ask(Function<SamplingClient, T> question) {
    try {
      return question.apply(client);
    } catch (RemoteFailureException e) {
      if (e.isCallersFault()) {
        throw new WrongCallException(e);
      }
      throw e;
    }
  }

  @Override
  public void close() {
    client.close();
    if (own != null) {
      own.close();
    }
  }
}
