package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.model.SamplingModel;
import ddim.serve.admin.AdminOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ports for operators. */
class AdminTest {
  private static final AdminOptions BOTH = AdminOptions.NONE.withHttpPort(0).withGrpcPort(0);

  @TempDir private Path root;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Function<Path, SamplingModel> loader = folder -> new FakeModel();

  @BeforeEach
  void makeRepository() throws IOException {
    Files.createDirectories(root.resolve("clothes/1"));
  }

  @Test
  void readyIsWhileItServes() throws Exception {
    DdimServer server = start(ServerOptions.defaults().with(BOTH));
    try (server) {
      assertThat(get(server, "/healthz").statusCode()).isEqualTo(200);
      assertThat(get(server, "/readyz").statusCode()).isEqualTo(503);

      server.load();

      assertThat(get(server, "/readyz").statusCode()).isEqualTo(200);
      assertThat(get(server, "/else").statusCode()).isEqualTo(404);
    }
    assertThatThrownBy(() -> get(server, "/healthz")).isInstanceOf(IOException.class);
  }

  /** Whoever sends traffic there must not send it to a server that answers NOT_FOUND. */
  @Test
  void isNotReadyWithoutAModelUntilThereIsOneAgain() throws Exception {
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(root), loader, BatcherOptions.of(4), new SystemTime());
    try (DdimServer server =
        DdimServer.start(ServerOptions.defaults().with(BOTH).withAddress("127.0.0.1", 0), models)) {
      server.load();
      ManagedChannel channel = channel(server.port());
      HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
      HealthCheckRequest overall = HealthCheckRequest.getDefaultInstance();

      models.apply(List.of()).join();
      assertThat(get(server, "/readyz").statusCode()).isEqualTo(503);
      assertThat(health.check(overall).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);

      models.apply(List.of(ModelConfig.of("clothes"))).join();
      assertThat(get(server, "/readyz").statusCode()).isEqualTo(200);
      assertThat(health.check(overall).getStatus()).isEqualTo(ServingStatus.SERVING);
      channel.shutdownNow();
    }
  }

  @Test
  void metricsShowTheCallsOfAllServices() throws Exception {
    try (DdimServer server = start(ServerOptions.defaults().with(BOTH));
        SamplingClient client = SamplingClient.connect("127.0.0.1:" + server.port())) {
      server.load();
      client.sample(SamplingClient.Query.of("clothes", 1, 3).withSteps(5));
      assertThatThrownBy(() -> client.sample(SamplingClient.Query.of("none", 1, 1)));

      HttpResponse<String> plain = get(server, "/metrics");
      assertThat(plain.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("text/plain; version=0.0.4");
      assertThat(plain.body())
          .contains(
              "ddim_requests_total{code=\"OK\",method=\"ddim.v1.SamplingService/Sample\"} 1.0")
          .contains("code=\"NOT_FOUND\",method=\"ddim.v1.SamplingService/Sample\"} 1.0")
          .contains("ddim_images_total{model=\"clothes\",outcome=\"done\",version=\"1\"} 3.0")
          .contains("ddim_steps_total{model=\"clothes\",version=\"1\"} 15.0")
          .contains("ddim_queue_seconds_count{model=\"clothes\",version=\"1\"} 3");

      HttpResponse<String> open = get(server, "/metrics", "application/openmetrics-text");
      assertThat(open.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("application/openmetrics-text");
      assertThat(open.body()).endsWith("# EOF\n");
    }
  }

  @Test
  void channelzIsOnTheAdminPortAndReflectionWhereItIsWanted() throws Exception {
    try (DdimServer server = start(ServerOptions.defaults().with(BOTH).withReflection(false))) {
      var admin = channel(server.adminGrpcPort().orElseThrow());
      var main = channel(server.port());
      try {
        var servers =
            ChannelzGrpc.newBlockingStub(admin)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .getServers(GetServersRequest.getDefaultInstance());
        assertThat(servers.getServerCount()).isGreaterThanOrEqualTo(2);
        assertThatThrownBy(
                () ->
                    ChannelzGrpc.newBlockingStub(main)
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .getServers(GetServersRequest.getDefaultInstance()))
            .isInstanceOf(StatusRuntimeException.class)
            .hasMessageStartingWith("UNIMPLEMENTED");
        assertThat(services(admin).get(60, TimeUnit.SECONDS)).contains("grpc.channelz.v1.Channelz");
        assertThatThrownBy(() -> services(main).get(60, TimeUnit.SECONDS))
            .hasMessageContaining("UNIMPLEMENTED");
      } finally {
        admin.shutdownNow();
        main.shutdownNow();
      }
    }
  }

  @Test
  void aPortThatIsTakenIsNamedAndNothingIsLeftBehind() throws IOException {
    try (DdimServer first = start(ServerOptions.defaults().with(BOTH))) {
      int taken = first.adminPort().orElseThrow();

      assertThatThrownBy(
              () -> start(ServerOptions.defaults().with(AdminOptions.NONE.withHttpPort(taken))))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("cannot listen on 127.0.0.1:" + taken);
    }
  }

  @Test
  void optionsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> AdminOptions.NONE.withHttpPort(65_536))
        .hasMessage("admin_port must be from 0 to 65535, is 65536");
    assertThatThrownBy(() -> AdminOptions.NONE.withGrpcPort(-1))
        .hasMessage("admin_grpc_port must be from 0 to 65535, is -1");
  }

  private DdimServer start(ServerOptions options) throws IOException {
    return DdimServer.start(
        options.withAddress("127.0.0.1", 0),
        new ModelRepository(
            RepositoryOptions.of(root), loader, BatcherOptions.of(4), new SystemTime()));
  }

  private static ManagedChannel channel(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  private static CompletableFuture<String> services(Channel channel) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    var requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response.toString());
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    requests.onCompleted();
    return answer;
  }

  private HttpResponse<String> get(DdimServer server, String path, String... accept)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.adminPort().orElseThrow() + path));
    for (String type : accept) {
      request.header("Accept", type);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }
}
