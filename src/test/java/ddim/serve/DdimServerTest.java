package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.ModelFormatException;
import ddim.serve.SamplingClient.Pictures;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeTime;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import ddim.v1.ListModelsRequest;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole path, over a real socket. */
class DdimServerTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  @TempDir private Path root;
  private ServerFixture fixture;

  @BeforeEach
  void start() {
    fixture = ServerFixture.onSocket(root);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void samplesOfACountComeWithTheirSeeds() {
    StepTable table = Sampler.ddim(7, 0.5).table(SCHEDULE);
    try (SamplingClient client = fixture.client()) {
      Pictures<float[]> reply =
          client.sample(Query.of("clothes", 40, 6).withSteps(7).withEta(0.5).withVersion(3));

      assertThat(reply.model()).isEqualTo("clothes");
      assertThat(reply.version()).isEqualTo(3);
      assertThat(reply.pictures()).extracting("seed").containsExactly(40L, 41L, 42L, 43L, 44L, 45L);
      assertThat(reply.pictures())
          .allSatisfy(
              picture -> {
                assertThat(picture.pixels())
                    .isEqualTo(fixture.clothes.image(picture.seed(), table));
                assertThat(picture.steps()).isEqualTo(7);
                assertThat(picture.eta()).isEqualTo(0.5);
              });
    }
  }

  @Test
  void countAndFirstSeedAreTheSameAsTheirSeeds() {
    ModelRef model = ModelRef.newBuilder().setName("faces").build();
    SampleRequest counted =
        SampleRequest.newBuilder().setModel(model).setCount(3).setFirstSeed(-1).build();
    SampleRequest listed =
        SampleRequest.newBuilder().setModel(model).addAllSeeds(List.of(-1L, 0L, 1L)).build();

    SampleResponse response = fixture.stub().sample(counted);

    assertThat(response).isEqualTo(fixture.stub().sample(listed));
    assertThat(response.getImages(0).getSeed()).isEqualTo(-1);
    assertThat(response.getImages(0).getSteps()).isEqualTo(50);
    assertThat(response.getImages(0).getEta()).isZero();
  }

  @Test
  void pngIsThePictureOfTheRawPixels() throws IOException {
    try (SamplingClient client = fixture.client()) {
      Query query = Query.of("faces", 5, 1);
      float[] raw = client.sample(query).pictures().get(0).pixels();
      Pictures<byte[]> reply = client.samplePng(query);

      byte[] png = reply.pictures().get(0).pixels();
      BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
      int[] pixels = picture.getRaster().getPixels(0, 0, 4, 4, (int[]) null);
      assertThat(pixels).hasSize(raw.length);
      for (int i = 0; i < raw.length; i++) {
        assertThat(pixels[i]).isEqualTo(Math.round((raw[i] + 1) * 127.5f));
      }
    }
  }

  @Test
  void listModelsSaysWhatCanBeAsked() {
    try (SamplingClient client = fixture.client()) {
      assertThat(client.models())
          .containsExactly(
              new SamplingClient.Model(
                  "clothes", 3, 2, 3, 1, 1000, 42, "none", "CC0-1.0", 7, 256, 0, List.of()),
              new SamplingClient.Model(
                  "faces", 1, 4, 4, 3, 1000, 42, "none", "CC0-1.0", 7, 256, 0, List.of()),
              new SamplingClient.Model(
                  "spectra", 1, 2, 2, 5, 1000, 42, "none", "CC0-1.0", 7, 256, 0, List.of()));
    }
  }

  @Test
  void listModelsSaysWhereEveryVersionIs() {
    assertThat(fixture.stub().listModels(ListModelsRequest.getDefaultInstance()).getVersionsList())
        .extracting(v -> v.getModel().getName() + " " + v.getState() + v.getLabelsList())
        .containsExactly(
            "clothes VERSION_STATE_AVAILABLE[]",
            "faces VERSION_STATE_AVAILABLE[]",
            "spectra VERSION_STATE_AVAILABLE[]");
  }

  @Test
  void healthAndReflectionAreThere() throws Exception {
    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(fixture.channel);
    for (String service : List.of("", "ddim.v1.SamplingService")) {
      HealthCheckRequest request = HealthCheckRequest.newBuilder().setService(service).build();
      assertThat(health.check(request).getStatus()).isEqualTo(ServingStatus.SERVING);
    }
    assertThat(reflectedServices()).contains("ddim.v1.SamplingService", "grpc.health.v1.Health");
  }

  @Test
  void isNotServingBeforeTheModelsAreWarm() throws IOException {
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(root),
            path -> fixture.clothes,
            BatcherOptions.of(4),
            new FakeTime());
    try (DdimServer server =
            DdimServer.start(ServerOptions.defaults().withAddress("127.0.0.1", 0), models);
        SamplingClient client = SamplingClient.connect("127.0.0.1:" + server.port())) {
      assertThatThrownBy(() -> client.sample(Query.of("clothes", 0, 1)))
          .isInstanceOf(RemoteFailureException.class)
          .hasMessage("UNAVAILABLE: the models are being loaded");
    }
  }

  @Test
  void aRepositoryWithoutAModelThatWorksIsRefusedWithEveryReason(@TempDir Path broken)
      throws IOException {
    Files.createDirectories(broken.resolve("torn/1"));
    Files.createDirectories(broken.resolve("empty"));
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(broken),
            path -> {
              throw new ModelFormatException("half a file");
            },
            BatcherOptions.of(4),
            new FakeTime());
    try (DdimServer server =
        DdimServer.start(ServerOptions.defaults().withAddress("127.0.0.1", 0), models)) {
      assertThatThrownBy(server::load)
          .isInstanceOf(ModelFormatException.class)
          .hasMessage(
              "no model can be served: %s: has no version folder, such as empty/1; %s: half a file"
                  .formatted(broken.resolve("empty"), broken.resolve("torn/1")));
    }
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(root),
            path -> fixture.clothes,
            BatcherOptions.of(4),
            new FakeTime());
    ServerOptions taken = ServerOptions.defaults().withAddress("127.0.0.1", fixture.server.port());

    assertThatThrownBy(() -> DdimServer.start(taken, models))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(String.valueOf(fixture.server.port()));
  }

  @Test
  void aServerThatIsNotThereIsSaidSo() {
    int port = fixture.server.port();
    fixture.close();
    try (SamplingClient client = SamplingClient.connect("127.0.0.1:" + port)) {
      Query query =
          new Query(
              "clothes",
              OptionalLong.empty(),
              List.of(1L),
              OptionalInt.empty(),
              OptionalDouble.empty());
      assertThatThrownBy(() -> client.sample(query))
          .isInstanceOfSatisfying(
              RemoteFailureException.class, e -> assertThat(e.isCallersFault()).isFalse())
          .hasMessageStartingWith("UNAVAILABLE: io exception")
          .hasMessageContaining("Connection refused");
    }
  }

  private List<String> reflectedServices() throws Exception {
    CompletableFuture<List<String>> services = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(fixture.channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    services.complete(
                        response.getListServicesResponse().getServiceList().stream()
                            .map(ServiceResponse::getName)
                            .toList());
                  }

                  @Override
                  public void onError(Throwable error) {
                    services.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> names = services.get(20, TimeUnit.SECONDS);
    requests.onCompleted();
    return names;
  }
}
