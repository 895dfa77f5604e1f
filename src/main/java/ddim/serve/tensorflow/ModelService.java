package ddim.serve.tensorflow;

import ddim.serve.repository.ModelRepository;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.List;
import tensorflow.error.Code;
import tensorflow.serving.GetModelStatusRequest;
import tensorflow.serving.GetModelStatusResponse;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.ModelVersionStatus;
import tensorflow.serving.StatusProto;

/** The service {@code tensorflow.serving.ModelService}. */
public final class ModelService extends ModelServiceGrpc.ModelServiceImplBase {
  private final ModelRepository models;

  public ModelService(ModelRepository models) {
    this.models = models;
  }

  @Override
  public void getModelStatus(
      GetModelStatusRequest request, StreamObserver<GetModelStatusResponse> observer) {
    if (!request.hasModelSpec()) {
      throw ServingErrors.invalid("Missing ModelSpec");
    }
    ModelSpec spec = request.getModelSpec();
    List<ModelVersionStatus> versions =
        models.ready().stream()
            .filter(ready -> ready.name().equals(spec.getName()))
            .filter(ready -> !spec.hasVersion() || ready.version() == spec.getVersion().getValue())
            .map(
                ready ->
                    ModelVersionStatus.newBuilder()
                        .setVersion(ready.version())
                        .setState(ModelVersionStatus.State.AVAILABLE)
                        .setStatus(StatusProto.newBuilder().setErrorCode(Code.OK))
                        .build())
            .toList();
    if (versions.isEmpty()) {
      String what =
          spec.hasVersion()
              ? "Could not find version " + spec.getVersion().getValue() + " of model "
              : "Could not find any versions of model ";
      throw ServingErrors.of(Status.NOT_FOUND, what + spec.getName());
    }
    observer.onNext(GetModelStatusResponse.newBuilder().addAllModelVersionStatus(versions).build());
    observer.onCompleted();
  }
}
