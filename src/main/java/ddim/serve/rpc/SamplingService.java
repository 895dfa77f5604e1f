package ddim.serve.rpc;

import ddim.model.ModelSpec;
import ddim.serve.error.Errors;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
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
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The service {@code ddim.v1.SamplingService}. No method waits for the model. */
public final class SamplingService extends SamplingServiceGrpc.SamplingServiceImplBase {
  private final ModelRepository models;
  private final MessageLimits limits;
  private final Executor replies;

  /**
   * @param replies writes images and sends them
   */
  public SamplingService(ModelRepository models, MessageLimits limits, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.replies = replies;
  }

  @Override
  public void sample(SampleRequest request, StreamObserver<SampleResponse> observer) {
    answer(request, Samples::sample, observer);
  }

  @Override
  public void encode(EncodeRequest request, StreamObserver<EncodeResponse> observer) {
    answer(request, Latents::encode, observer);
  }

  @Override
  public void decode(DecodeRequest request, StreamObserver<DecodeResponse> observer) {
    answer(request, Latents::decode, observer);
  }

  @Override
  public void reconstruct(
      ReconstructRequest request, StreamObserver<ReconstructResponse> observer) {
    answer(request, Latents::reconstruct, observer);
  }

  @Override
  public void interpolate(
      InterpolateRequest request, StreamObserver<InterpolateResponse> observer) {
    answer(request, Interpolation::interpolate, observer);
  }

  @Override
  public void sampleStream(
      SampleStreamRequest request, StreamObserver<SampleStreamResponse> observer) {
    Samples samples = check(request, Samples::stream);
    var serverObserver = (ServerCallStreamObserver<SampleStreamResponse>) observer;
    Call call = new Call(samples.recipe().lease().batcher(), replies);
    serverObserver.setOnCancelHandler(call::cancel);
    SampleStream stream = new SampleStream(samples, serverObserver, replies);
    stream.start();
    var unused =
        call.compute(samples.rows(), stream).whenComplete((images, error) -> stream.end(error));
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    ListModelsResponse.Builder response =
        ListModelsResponse.newBuilder().setMaxMessageBytes(limits.maxMessageBytes());
    models.ready().forEach(model -> response.addModels(info(model)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private <Q, R> void answer(
      Q request,
      BiFunction<Q, RequestValidator, Command<R>> operation,
      StreamObserver<R> observer) {
    Command<R> command = check(request, operation);
    Call call = new Call(command.lease().batcher(), replies);
    ((ServerCallStreamObserver<R>) observer).setOnCancelHandler(call::cancel);
    var unused =
        command
            .work()
            .apply(call)
            .whenCompleteAsync(
                (reply, error) -> reply(command.lease(), reply, error, observer), replies);
  }

  /** What the operation makes of the request; a request that is refused gives its model back. */
  private <Q, C> C check(Q request, BiFunction<Q, RequestValidator, C> operation) {
    RequestValidator validator = new RequestValidator(models, limits);
    try {
      return operation.apply(request, validator);
    } catch (RuntimeException e) {
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

  private ModelInfo info(ModelRepository.Ready ready) {
    ModelSpec spec = ready.spec();
    return ModelInfo.newBuilder()
        .setModel(Recipe.model(ready.name(), ready.version()))
        .setShape(Recipe.shape(spec.unet()))
        .setTrainSteps(spec.schedule().trainSteps())
        .setParameters(spec.parameters())
        .setDataset(spec.dataset())
        .setLicense(spec.license())
        .setTrainingStep(spec.trainingStep())
        .setMaxImages(limits.maxImages(spec))
        .setMaxBatchSize(models.options().maxBatchSize())
        .build();
  }
}
