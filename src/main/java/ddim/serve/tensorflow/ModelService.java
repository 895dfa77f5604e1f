package ddim.serve.tensorflow;

import ddim.serve.error.Errors;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.ModelControlException;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.serve.repository.VersionStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import tensorflow.error.Code;
import tensorflow.serving.GetModelStatusRequest;
import tensorflow.serving.GetModelStatusResponse;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.ModelVersionStatus;
import tensorflow.serving.ModelVersionStatus.State;
import tensorflow.serving.ReloadConfigRequest;
import tensorflow.serving.ReloadConfigResponse;
import tensorflow.serving.StatusProto;

/** The service {@code tensorflow.serving.ModelService}. */
public final class ModelService extends ModelServiceGrpc.ModelServiceImplBase {
  private final ModelRepository models;
  private final Executor replies;

  /**
   * @param replies sends the reply when models have been loaded
   */
  public ModelService(ModelRepository models, Executor replies) {
    this.models = models;
    this.replies = replies;
  }

  @Override
  public void getModelStatus(
      GetModelStatusRequest request, StreamObserver<GetModelStatusResponse> observer) {
    if (!request.hasModelSpec()) {
      throw ServingErrors.invalid("Missing ModelSpec");
    }
    ModelSpec spec = request.getModelSpec();
    List<ModelVersionStatus> versions =
        models.index().stream()
            .filter(status -> matches(spec, status))
            .map(ModelService::status)
            .toList();
    if (versions.isEmpty()) {
      throw unknown(spec);
    }
    observer.onNext(GetModelStatusResponse.newBuilder().addAllModelVersionStatus(versions).build());
    observer.onCompleted();
  }

  @Override
  public void handleReloadConfigRequest(
      ReloadConfigRequest request, StreamObserver<ReloadConfigResponse> observer) {
    List<ModelConfig> configs = ReloadConfigs.read(request, models);
    var unused =
        models.apply(configs).whenCompleteAsync((done, error) -> reply(error, observer), replies);
  }

  private static void reply(
      @Nullable Throwable error, StreamObserver<ReloadConfigResponse> observer) {
    if (error != null) {
      observer.onError(refusal(Errors.unwrap(error)));
      return;
    }
    observer.onNext(
        ReloadConfigResponse.newBuilder()
            .setStatus(StatusProto.newBuilder().setErrorCode(Code.OK))
            .build());
    observer.onCompleted();
  }

  private static StatusRuntimeException refusal(Throwable error) {
    String message = String.valueOf(error.getMessage());
    if (error instanceof ModelControlException control) {
      return switch (control.reason()) {
        case LABEL_UNAVAILABLE, NOT_EXPLICIT ->
            ServingErrors.of(Status.FAILED_PRECONDITION, message);
        case BROKEN ->
            ServingErrors.of(Status.UNKNOWN, "servable(s) did not become available: " + message);
      };
    }
    return error instanceof UnknownModelException
        ? ServingErrors.of(Status.NOT_FOUND, message)
        : ServingErrors.toStatus(error);
  }

  private static boolean matches(ModelSpec spec, VersionStatus status) {
    return status.name().equals(spec.getName())
        && switch (spec.getVersionChoiceCase()) {
          case VERSION -> status.version() == spec.getVersion().getValue();
          case VERSION_LABEL -> status.labels().contains(spec.getVersionLabel());
          case VERSIONCHOICE_NOT_SET -> true;
        };
  }

  private static StatusRuntimeException unknown(ModelSpec spec) {
    return switch (spec.getVersionChoiceCase()) {
      case VERSION ->
          ServingErrors.of(
              Status.NOT_FOUND,
              "Could not find version "
                  + spec.getVersion().getValue()
                  + " of model "
                  + spec.getName());
      case VERSION_LABEL -> ModelSpecs.unknownLabel(spec);
      case VERSIONCHOICE_NOT_SET ->
          ServingErrors.of(
              Status.NOT_FOUND, "Could not find any versions of model " + spec.getName());
    };
  }

  private static ModelVersionStatus status(VersionStatus version) {
    StatusProto.Builder status = StatusProto.newBuilder().setErrorCode(Code.OK);
    if (version.error() != null) {
      status.setErrorCode(Code.UNKNOWN).setErrorMessage(version.error());
    }
    return ModelVersionStatus.newBuilder()
        .setVersion(version.version())
        .setState(State.valueOf(version.state().name()))
        .setStatus(status)
        .build();
  }
}
