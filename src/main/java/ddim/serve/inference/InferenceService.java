package ddim.serve.inference;

import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.ModelRepository.Ready;
import ddim.serve.rpc.MessageLimits;
import ddim.serve.rpc.OpenCalls;
import inference.GRPCInferenceServiceGrpc;
import inference.ModelConfigRequest;
import inference.ModelConfigResponse;
import inference.ModelInferRequest;
import inference.ModelInferResponse;
import inference.ModelMetadataRequest;
import inference.ModelMetadataResponse;
import inference.ModelReadyRequest;
import inference.ModelReadyResponse;
import inference.ModelStatisticsRequest;
import inference.ModelStatisticsResponse;
import inference.ModelStreamInferResponse;
import inference.RepositoryIndexRequest;
import inference.RepositoryIndexResponse;
import inference.RepositoryModelLoadRequest;
import inference.RepositoryModelLoadResponse;
import inference.RepositoryModelUnloadRequest;
import inference.RepositoryModelUnloadResponse;
import inference.ServerLiveRequest;
import inference.ServerLiveResponse;
import inference.ServerMetadataRequest;
import inference.ServerMetadataResponse;
import inference.ServerReadyRequest;
import inference.ServerReadyResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** The service {@code inference.GRPCInferenceService}. No method waits for the model. */
public final class InferenceService extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
  private static final List<String> EXTENSIONS =
      List.of(
          "model_repository",
          "schedule_policy",
          "model_configuration",
          "binary_tensor_data",
          "parameters",
          "statistics");

  private final ModelRepository models;
  private final MessageLimits limits;
  private final OpenCalls open;
  private final Executor replies;
  private final Map<String, VersionStatistics> statistics = new ConcurrentHashMap<>();

  /**
   * @param open the calls of all services
   * @param replies writes tensors and sends them
   */
  public InferenceService(
      ModelRepository models, MessageLimits limits, OpenCalls open, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.open = open;
    this.replies = replies;
    models.observe(
        (name, version) -> {
          VersionStatistics counts = new VersionStatistics();
          statistics.put(name + "/" + version, counts);
          return counts;
        });
  }

  @Override
  public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
    Run run;
    Inference inference;
    try {
      inference = Inference.of(request, models, limits);
      run = new Run(inference, open, replies);
    } catch (RuntimeException e) {
      throw InferenceErrors.toStatus(e, request.getId());
    }
    ((ServerCallStreamObserver<ModelInferResponse>) observer).setOnCancelHandler(run::cancel);
    var unused =
        run.start(inference.invocation().listener(), inference::reply)
            .whenCompleteAsync(
                (reply, error) -> send(request.getId(), reply, error, observer), replies);
  }

  @Override
  public StreamObserver<ModelInferRequest> modelStreamInfer(
      StreamObserver<ModelStreamInferResponse> observer) {
    return new InferStream(
            (ServerCallStreamObserver<ModelStreamInferResponse>) observer,
            request -> Inference.of(request, models, limits),
            open,
            replies)
        .start();
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> observer) {
    answer(ServerLiveResponse.newBuilder().setLive(true).build(), observer);
  }

  @Override
  public void serverReady(
      ServerReadyRequest request, StreamObserver<ServerReadyResponse> observer) {
    answer(ServerReadyResponse.newBuilder().setReady(models.isServing()).build(), observer);
  }

  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> observer) {
    OptionalLong version = ModelNames.version(request.getVersion());
    boolean ready =
        versions(request.getName()).stream()
            .anyMatch(number -> version.isEmpty() || version.getAsLong() == number);
    answer(ModelReadyResponse.newBuilder().setReady(ready).build(), observer);
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> observer) {
    String version = InferenceService.class.getPackage().getImplementationVersion();
    answer(
        ServerMetadataResponse.newBuilder()
            .setName("ddim-java")
            .setVersion(version == null ? "development" : version)
            .addAllExtensions(EXTENSIONS)
            .build(),
        observer);
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> observer) {
    try (Lease lease = acquire(request.getName(), request.getVersion())) {
      List<Long> versions =
          request.getVersion().isEmpty() ? versions(lease.name()) : List.of(lease.version());
      answer(TensorDescriptions.metadata(lease, versions), observer);
    }
  }

  @Override
  public void modelConfig(
      ModelConfigRequest request, StreamObserver<ModelConfigResponse> observer) {
    try (Lease lease = acquire(request.getName(), request.getVersion())) {
      answer(
          ModelConfigResponse.newBuilder()
              .setConfig(TensorDescriptions.config(lease, limits))
              .build(),
          observer);
    }
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> observer) {
    answer(RepositoryControl.index(models, request.getReady()), observer);
  }

  @Override
  public void repositoryModelLoad(
      RepositoryModelLoadRequest request, StreamObserver<RepositoryModelLoadResponse> observer) {
    RepositoryControl.check(request);
    var unused =
        models
            .load(request.getModelName())
            .thenApply(loaded -> RepositoryModelLoadResponse.getDefaultInstance())
            .exceptionally(
                error -> {
                  throw RepositoryControl.notLoaded(request.getModelName(), error);
                })
            .whenCompleteAsync((reply, error) -> send("", reply, error, observer), replies);
  }

  @Override
  public void repositoryModelUnload(
      RepositoryModelUnloadRequest request,
      StreamObserver<RepositoryModelUnloadResponse> observer) {
    var unused =
        models
            .unload(request.getModelName())
            .thenApply(unloaded -> RepositoryModelUnloadResponse.getDefaultInstance())
            .exceptionally(
                error -> {
                  throw RepositoryControl.notUnloaded(error);
                })
            .whenCompleteAsync((reply, error) -> send("", reply, error, observer), replies);
  }

  @Override
  public void modelStatistics(
      ModelStatisticsRequest request, StreamObserver<ModelStatisticsResponse> observer) {
    if (!request.getName().isEmpty()) {
      acquire(request.getName(), request.getVersion()).close(); // is there such a model
    }
    OptionalLong version = ModelNames.version(request.getVersion());
    ModelStatisticsResponse.Builder response = ModelStatisticsResponse.newBuilder();
    for (Ready ready : models.ready()) {
      VersionStatistics counts = statistics.get(ready.name() + "/" + ready.version());
      if (counts != null
          && (request.getName().isEmpty() || request.getName().equals(ready.name()))
          && (version.isEmpty() || version.getAsLong() == ready.version())) {
        response.addModelStats(
            counts.snapshot().setName(ready.name()).setVersion(Long.toString(ready.version())));
      }
    }
    answer(response.build(), observer);
  }

  private Lease acquire(String name, String version) {
    try {
      return ModelNames.acquire(models, name, version);
    } catch (RuntimeException e) {
      throw InferenceErrors.toStatus(e, "");
    }
  }

  private List<Long> versions(String name) {
    return models.ready().stream()
        .filter(ready -> ready.name().equals(name))
        .map(Ready::version)
        .toList();
  }

  private static <R> void answer(R reply, StreamObserver<R> observer) {
    observer.onNext(reply);
    observer.onCompleted();
  }

  private static <R> void send(
      String id, @Nullable R reply, @Nullable Throwable error, StreamObserver<R> observer) {
    if (reply == null) {
      observer.onError(
          InferenceErrors.toStatus(
              error == null ? new IllegalStateException("no reply") : error, id));
      return;
    }
    try {
      answer(reply, observer);
    } catch (RuntimeException e) { // the caller must not wait for ever
      observer.onError(InferenceErrors.toStatus(e, id));
    }
  }
}
