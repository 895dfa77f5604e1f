package ddim.serve.rpc;

import ddim.diffusion.Violation;
import ddim.model.ModelSpec;
import ddim.serve.error.Errors;
import ddim.serve.error.InvalidRequestException;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.serve.repository.VersionStatus;
import ddim.v1.CancelRequest;
import ddim.v1.CancelResponse;
import ddim.v1.DecodeRequest;
import ddim.v1.DecodeResponse;
import ddim.v1.EncodeRequest;
import ddim.v1.EncodeResponse;
import ddim.v1.InterpolateRequest;
import ddim.v1.InterpolateResponse;
import ddim.v1.ListModelsRequest;
import ddim.v1.ListModelsResponse;
import ddim.v1.ModelInfo;
import ddim.v1.ReconstructRequest;
import ddim.v1.ReconstructResponse;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SampleStreamResponse;
import ddim.v1.SamplingServiceGrpc;
import ddim.v1.VersionState;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The service {@code ddim.v1.SamplingService}. No method waits for the model. */
public final class SamplingService extends SamplingServiceGrpc.SamplingServiceImplBase {
  private final ModelRepository models;
  private final MessageLimits limits;
  private final Executor replies;
  private final OpenCalls open;

  /**
   * @param open the calls of all services, which Cancel ends
   * @param replies writes images and sends them
   */
  public SamplingService(
      ModelRepository models, MessageLimits limits, OpenCalls open, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.open = open;
    this.replies = replies;
  }

  @Override
  public void sample(SampleRequest request, StreamObserver<SampleResponse> observer) {
    answer(request, request.getPriority(), Samples::sample, observer);
  }

  @Override
  public void encode(EncodeRequest request, StreamObserver<EncodeResponse> observer) {
    answer(request, request.getPriority(), Latents::encode, observer);
  }

  @Override
  public void decode(DecodeRequest request, StreamObserver<DecodeResponse> observer) {
    answer(request, request.getPriority(), Latents::decode, observer);
  }

  @Override
  public void reconstruct(
      ReconstructRequest request, StreamObserver<ReconstructResponse> observer) {
    answer(request, request.getPriority(), Latents::reconstruct, observer);
  }

  @Override
  public void interpolate(
      InterpolateRequest request, StreamObserver<InterpolateResponse> observer) {
    answer(request, request.getPriority(), Interpolation::interpolate, observer);
  }

  @Override
  public void sampleStream(
      SampleStreamRequest request, StreamObserver<SampleStreamResponse> observer) {
    Caller caller = Caller.current(request.getSample().getPriority());
    Samples samples = check(request, caller, Samples::stream);
    var serverObserver = (ServerCallStreamObserver<SampleStreamResponse>) observer;
    Lease lease = samples.recipe().lease();
    var unused =
        lease.handOver(
            () -> {
              Call call = new Call(lease.batcher(), caller, replies);
              serverObserver.setOnCancelHandler(call::cancel);
              SampleStream stream = new SampleStream(samples, serverObserver, replies);
              serverObserver.setOnReadyHandler(stream::readOn);
              var images = open.run(call, open -> open.compute(samples.rows(), stream));
              stream.follow(images, caller.id());
              return images;
            });
  }

  @Override
  public void cancel(CancelRequest request, StreamObserver<CancelResponse> observer) {
    if (request.getRequestId().isEmpty()) {
      throw new InvalidRequestException(
          List.of(new Violation("request_id", "request_id is required")));
    }
    open.cancel(Caller.current(0).client(), request.getRequestId());
    observer.onNext(CancelResponse.getDefaultInstance());
    observer.onCompleted();
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    ListModelsResponse.Builder response =
        ListModelsResponse.newBuilder().setMaxMessageBytes(limits.maxMessageBytes());
    for (ModelRepository.Ready ready : models.ready()) {
      try (Lease lease = models.acquire(ready.name(), OptionalLong.of(ready.version()))) {
        response.addModels(info(lease));
      } catch (UnknownModelException e) {
        // It has gone this moment.
      }
    }
    models.index().forEach(version -> response.addVersions(status(version)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private static ddim.v1.VersionStatus status(VersionStatus version) {
    return ddim.v1.VersionStatus.newBuilder()
        .setModel(Recipe.model(version.name(), version.version()))
        .setState(VersionState.valueOf("VERSION_STATE_" + version.state()))
        .setError(version.error() == null ? "" : version.error())
        .addAllLabels(version.labels())
        .build();
  }

  private <Q, R> void answer(
      Q request,
      int priority,
      BiFunction<Q, RequestValidator, Command<R>> operation,
      StreamObserver<R> observer) {
    Caller caller = Caller.current(priority);
    Command<R> command = check(request, caller, operation);
    Lease lease = command.lease();
    var unused =
        lease.handOver(
            () -> {
              Call call = new Call(lease.batcher(), caller, replies);
              ((ServerCallStreamObserver<R>) observer).setOnCancelHandler(call::cancel);
              return open.run(call, command.work())
                  .whenCompleteAsync(
                      (reply, error) -> reply(lease, reply, error, observer), replies);
            });
  }

  /**
   * What the operation makes of the request; a request that is refused gives its model back, as
   * does one that there is no memory for: a model that is never given back is never unloaded.
   */
  private <Q, C> C check(Q request, Caller caller, BiFunction<Q, RequestValidator, C> operation) {
    RequestValidator validator = new RequestValidator(models, limits, caller);
    try {
      return operation.apply(request, validator);
    } catch (Throwable e) {
      validator.abandon();
      throw e;
    }
  }

  private static <R> void reply(
      Lease lease, @Nullable R reply, @Nullable Throwable error, StreamObserver<R> observer) {
    lease.close();
    if (reply == null) {
      observer.onError(
          Errors.toStatus(error == null ? new IllegalStateException("no reply") : error));
      return;
    }
    try {
      observer.onNext(reply);
      observer.onCompleted();
    } catch (RuntimeException e) { // the caller must not wait for ever
      observer.onError(Errors.toStatus(e));
    }
  }

  private ModelInfo info(Lease lease) {
    ModelSpec spec = lease.spec();
    return ModelInfo.newBuilder()
        .setModel(Recipe.model(lease.name(), lease.version()))
        .setShape(Recipe.shape(spec.unet()))
        .setTrainSteps(spec.schedule().trainSteps())
        .setParameters(spec.parameters())
        .setDataset(spec.dataset())
        .setLicense(spec.license())
        .setTrainingStep(spec.trainingStep())
        .setMaxImages(limits.maxImages(spec))
        .setMaxBatchSize(lease.batcher().calibration().options().maxBatchSize())
        .setBatching(BatchingInfo.of(lease.batcher()))
        .setClasses(spec.unet().classes())
        .addAllClassNames(spec.classNames())
        .build();
  }
}
