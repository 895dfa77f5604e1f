package ddim.serve;

import ddim.model.ModelFormatException;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.SystemTime;
import ddim.serve.batch.TimeSource;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import ddim.v1.SamplingServiceGrpc;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import ddim.v1.SamplingServiceGrpc.SamplingServiceFutureStub;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** A server with models that need no network. */
final class ServerFixture implements AutoCloseable {
  /** Grey, 2 x 3. */
  final FakeModel clothes = new FakeModel();

  /** Colour, 4 x 4. */
  final FakeModel faces = new FakeModel(4, 4, 3);

  /** Of 5 channels, which no PNG has. */
  final FakeModel spectra = new FakeModel(2, 2, 5);

  /** As clothes, with three classes; only of {@link #withLabels}. */
  final FakeModel shoes = new FakeModel(3);

  final DdimServer server;
  final ManagedChannel channel;
  private final ModelRepository repository;

  private ServerFixture(
      Path root,
      boolean labels,
      Consumer<FakeModel.Call> call,
      BatcherOptions batching,
      TimeSource time,
      Launcher launcher,
      Function<DdimServer, ManagedChannel> connection) {
    clothes.onCall(call);
    Map<Path, FakeModel> models = new HashMap<>();
    models.put(root.resolve("clothes/3"), clothes);
    models.put(root.resolve("faces/1"), faces);
    models.put(root.resolve("spectra/1"), spectra);
    if (labels) {
      models.put(root.resolve("shoes/1"), shoes);
    }
    repository =
        new ModelRepository(RepositoryOptions.of(root), path -> open(models, path), batching, time);
    try {
      for (Path folder : models.keySet()) {
        Files.createDirectories(folder);
      }
      server = launcher.start(repository);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.load();
    channel = connection.apply(server);
  }

  private static SamplingModel open(Map<Path, FakeModel> models, Path folder) {
    FakeModel model = models.get(folder);
    if (model == null) {
      throw new ModelFormatException("there is no model in " + folder);
    }
    return model.open();
  }

  /** Over a real socket. */
  static ServerFixture onSocket(
      Path root, ServerOptions options, BatcherOptions batching, TimeSource time) {
    return onSocket(root, false, options, batching, time);
  }

  /** As {@link #onSocket(Path)}, with a model that has classes. */
  static ServerFixture withLabels(Path root) {
    return onSocket(root, true, ServerOptions.defaults(), BatcherOptions.of(4), new SystemTime());
  }

  private static ServerFixture onSocket(
      Path root, boolean labels, ServerOptions options, BatcherOptions batching, TimeSource time) {
    return new ServerFixture(
        root,
        labels,
        call -> {},
        batching,
        time,
        models -> DdimServer.start(options.withAddress("127.0.0.1", 0), models),
        server ->
            NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .maxInboundMessageSize(options.maxMessageBytes())
                .build());
  }

  /** Over a real socket, with batches of at most 4. */
  static ServerFixture onSocket(Path root) {
    return onSocket(root, ServerOptions.defaults(), BatcherOptions.of(4), new SystemTime());
  }

  /** In the process, where time passes when the test says so. */
  static ServerFixture inProcess(Path root, BatcherOptions batching, FakeTime time) {
    return inProcess(root, batching, time, call -> {});
  }

  /**
   * As the other.
   *
   * @param call what happens in the graph calls of clothes, those of the start too
   */
  static ServerFixture inProcess(
      Path root, BatcherOptions batching, FakeTime time, Consumer<FakeModel.Call> call) {
    String name = InProcessServerBuilder.generateName();
    return new ServerFixture(
        root,
        false,
        call,
        batching,
        time,
        models ->
            DdimServer.start(
                credentials -> InProcessServerBuilder.forName(name),
                ServerOptions.defaults(),
                models),
        server -> InProcessChannelBuilder.forName(name).build());
  }

  /** The newest version of a model, to be given back. */
  Lease lease(String model) {
    return repository.acquire(model, OptionalLong.empty());
  }

  SamplingServiceBlockingStub stub() {
    return SamplingServiceGrpc.newBlockingStub((Channel) channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  SamplingServiceFutureStub futureStub() {
    return SamplingServiceGrpc.newFutureStub((Channel) channel);
  }

  SamplingClient client() {
    return SamplingClient.connect("127.0.0.1:" + server.port());
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }

  private interface Launcher {
    DdimServer start(ModelRepository models) throws IOException;
  }
}
