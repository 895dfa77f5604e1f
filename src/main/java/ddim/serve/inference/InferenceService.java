package ddim.serve.inference;

import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.ModelRepository.Ready;
import ddim.serve.rpc.MessageLimits;
import inference.GRPCInferenceServiceGrpc;
import inference.ModelConfigRequest;
import inference.ModelConfigResponse;
import inference.ModelInferRequest;
import inference.ModelInferResponse;
import inference.ModelMetadataRequest;
import inference.ModelMetadataResponse;
import inference.ModelReadyRequest;
import inference.ModelReadyResponse;
import inference.ModelStreamInferResponse;
import inference.RepositoryIndexRequest;
import inference.RepositoryIndexResponse;
import inference.RepositoryIndexResponse.ModelIndex;
import inference.ServerLiveRequest;
import inference.ServerLiveResponse;
import inference.ServerMetadataRequest;
import inference.ServerMetadataResponse;
import inference.ServerReadyRequest;
import inference.ServerReadyResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.OptionalLong;
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
          "parameters");

  private final ModelRepository models;
  private final MessageLimits limits;
  private final Executor replies;

  /**
   * @param replies writes tensors and sends them
   */
  public InferenceService(ModelRepository models, MessageLimits limits, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.replies = replies;
  }

  @Override
  public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
    Run run;
    Inference inference;
    try {
      inference = Inference.of(request, models, limits);
      run = new Run(inference, replies);
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
    answer(ServerReadyResponse.newBuilder().setReady(!models.ready().isEmpty()).build(), observer);
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
              .setConfig(TensorDescriptions.config(lease, models.options(), limits))
              .build(),
          observer);
    }
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> observer) {
    RepositoryIndexResponse.Builder response = RepositoryIndexResponse.newBuilder();
    for (Ready ready : models.ready()) {
      response.addModels(
          ModelIndex.newBuilder()
              .setName(ready.name())
              .setVersion(Long.toString(ready.version()))
              .setState("READY"));
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

  private static void send(
      String id,
      @Nullable ModelInferResponse reply,
      @Nullable Throwable error,
      StreamObserver<ModelInferResponse> observer) {
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
