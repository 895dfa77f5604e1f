package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.repository.RepositoryOptions.Control;
import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.ModelReadyRequest;
import inference.RepositoryIndexRequest;
import inference.RepositoryModelLoadRequest;
import inference.RepositoryModelUnloadRequest;
import inference.ServerReadyRequest;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorflow.DataType;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;
import tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy;
import tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy.All;
import tensorflow.serving.GetModelStatusRequest;
import tensorflow.serving.ModelConfig;
import tensorflow.serving.ModelConfigList;
import tensorflow.serving.ModelServerConfig;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.ModelVersionStatus;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictionServiceGrpc;
import tensorflow.serving.ReloadConfigRequest;

/** Models that clients of Triton and of TensorFlow Serving load, label and unload. */
class RepositoryProtocolsTest {
  @TempDir private Path root;
  private final SystemTime time = new SystemTime();
  private DdimServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    for (String version : List.of("hats/1", "hats/2", "shoes/1")) {
      Files.createDirectories(root.resolve(version));
    }
    ModelRepository models =
        new ModelRepository(
            RepositoryOptions.of(root).withControl(Control.EXPLICIT),
            folder -> new FakeModel(),
            BatcherOptions.of(4),
            time);
    server = DdimServer.start(ServerOptions.defaults().withAddress("127.0.0.1", 0), models);
    server.load();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
    time.close();
  }

  @Test
  void clientsOfTritonLoadAndUnload() {
    assertThat(index()).containsExactly("hats  ", "shoes  ");
    assertThat(triton().serverReady(ServerReadyRequest.getDefaultInstance()).getReady())
        .as("a server from which clients may have what they want")
        .isTrue();

    load("hats");
    assertThat(index()).containsExactly("hats 2 READY", "shoes  ");
    assertThat(isReady("hats")).isTrue();
    assertThat(health("hats")).isEqualTo(ServingStatus.SERVING);
    assertThat(health("hats/2")).isEqualTo(ServingStatus.SERVING);

    unload("hats");
    assertThat(isReady("hats")).isFalse();
    assertThat(health("hats")).isEqualTo(ServingStatus.NOT_SERVING);
    assertRefused(
        () -> unload("hats"), "INVALID_ARGUMENT: Model to be unloaded has not been served");
    assertRefused(
        () -> load("gloves"),
        "INTERNAL: failed to load 'gloves', failed to poll from model repository");
    assertRefused(
        () -> load("../hats"),
        "INVALID_ARGUMENT: invalid model name '../hats', model name must not contain path"
            + " traversal characters");
    assertRefused(
        () -> load(""),
        "INVALID_ARGUMENT: Model name cannot be empty. Please enter a valid name to deploy.");
  }

  @Test
  void clientsOfTensorFlowServingChooseVersionsAndLabelThem() {
    reload(hats().putVersionLabels("stable", 1).putVersionLabels("canary", 2));

    assertThat(states()).containsExactly("1 AVAILABLE", "2 AVAILABLE");
    assertThat(predict("stable")).isEqualTo(1);
    assertThat(predict("canary")).isEqualTo(2);
    assertRefused(
        () -> predict("old"), "INVALID_ARGUMENT: Unrecognized servable version label: old");

    reload(hats().putVersionLabels("stable", 2));
    assertThat(predict("stable")).isEqualTo(2);

    assertRefused(
        () -> reload(hats().putVersionLabels("stable", 3)),
        "FAILED_PRECONDITION: label 'stable' of model 'hats' must be of an available version"
            + " [1, 2], is 3");
    assertRefused(
        () -> reload(ModelConfig.newBuilder().setName("gloves")),
        "NOT_FOUND: there is no model 'gloves' in the repository, there are [hats, shoes]");
    assertRefused(
        () -> reload(hats().setBasePath("/etc")),
        "INVALID_ARGUMENT: Expected model hats to have its folder in the model repository, or"
            + " none; got base_path()=/etc");
    assertRefused(
        () -> reload(hats(), hats()),
        "INVALID_ARGUMENT: Illegal to list model hats multiple times in config list");
    assertThat(states()).containsExactly("1 AVAILABLE", "2 AVAILABLE");
  }

  @Test
  void whereTheFolderIsInControlClientsAreNot(@TempDir Path polled) {
    try (ServerFixture fixture = ServerFixture.onSocket(polled)) {
      assertThatThrownBy(
              () ->
                  GRPCInferenceServiceGrpc.newBlockingStub(fixture.channel)
                      .repositoryModelLoad(
                          RepositoryModelLoadRequest.newBuilder().setModelName("faces").build()))
          .hasMessage(
              "UNAVAILABLE: explicit model load / unload is not allowed if polling is enabled");
    }
  }

  private GRPCInferenceServiceBlockingStub triton() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private void load(String name) {
    var unused =
        triton()
            .repositoryModelLoad(
                RepositoryModelLoadRequest.newBuilder().setModelName(name).build());
  }

  private void unload(String name) {
    var unused =
        triton()
            .repositoryModelUnload(
                RepositoryModelUnloadRequest.newBuilder().setModelName(name).build());
  }

  private List<String> index() {
    return triton()
        .repositoryIndex(RepositoryIndexRequest.getDefaultInstance())
        .getModelsList()
        .stream()
        .map(m -> m.getName() + " " + m.getVersion() + " " + m.getState())
        .toList();
  }

  private boolean isReady(String name) {
    return triton().modelReady(ModelReadyRequest.newBuilder().setName(name).build()).getReady();
  }

  private ServingStatus health(String name) {
    return HealthGrpc.newBlockingStub(channel)
        .check(HealthCheckRequest.newBuilder().setService(name).build())
        .getStatus();
  }

  private static ModelConfig.Builder hats() {
    return ModelConfig.newBuilder()
        .setName("hats")
        .setModelPlatform("tensorflow")
        .setModelVersionPolicy(ServableVersionPolicy.newBuilder().setAll(All.getDefaultInstance()));
  }

  private void reload(ModelConfig.Builder... models) {
    ModelConfigList.Builder list = ModelConfigList.newBuilder();
    for (ModelConfig.Builder model : models) {
      list.addConfig(model);
    }
    var unused =
        ModelServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .handleReloadConfigRequest(
                ReloadConfigRequest.newBuilder()
                    .setConfig(ModelServerConfig.newBuilder().setModelConfigList(list))
                    .build());
  }

  private List<String> states() {
    return ModelServiceGrpc.newBlockingStub(channel)
        .getModelStatus(
            GetModelStatusRequest.newBuilder()
                .setModelSpec(ModelSpec.newBuilder().setName("hats"))
                .build())
        .getModelVersionStatusList()
        .stream()
        .sorted(Comparator.comparing(ModelVersionStatus::getVersion))
        .map(status -> status.getVersion() + " " + status.getState())
        .toList();
  }

  /** The version that answers to a label. */
  private long predict(String label) {
    TensorProto seed =
        TensorProto.newBuilder()
            .setDtype(DataType.DT_INT64)
            .setTensorShape(
                TensorShapeProto.newBuilder().addDim(TensorShapeProto.Dim.newBuilder().setSize(1)))
            .addInt64Val(1)
            .build();
    return PredictionServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .predict(
            PredictRequest.newBuilder()
                .setModelSpec(
                    ModelSpec.newBuilder()
                        .setName("hats")
                        .setSignatureName("latent")
                        .setVersionLabel(label))
                .putInputs("seed", seed)
                .build())
        .getModelSpec()
        .getVersion()
        .getValue();
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).hasMessage(message);
  }
}
