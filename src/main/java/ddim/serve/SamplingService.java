package ddim.serve;

import com.google.protobuf.ByteString;
import ddim.model.ModelSpec;
import ddim.nn.UNetConfig;
import ddim.serve.batch.Job;
import ddim.serve.repository.ModelRepository;
import ddim.v1.Encoding;
import ddim.v1.Image;
import ddim.v1.ListModelsRequest;
import ddim.v1.ListModelsResponse;
import ddim.v1.ModelInfo;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SamplingServiceGrpc;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Messages to commands, images to messages; never waits for the model. */
final class SamplingService extends SamplingServiceGrpc.SamplingServiceImplBase {
  private final ModelRepository models;
  private final MessageLimits limits;
  private final Executor replies;

  /**
   * @param replies encodes images and sends them
   */
  SamplingService(ModelRepository models, MessageLimits limits, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.replies = replies;
  }

  @Override
  public void sample(SampleRequest request, StreamObserver<SampleResponse> observer) {
    SampleCommand command = new RequestValidator(models, limits).sample(request);
    Job job;
    try {
      job = command.lease().batcher().submit(command.rows(), timeLeft());
    } catch (RuntimeException e) {
      command.lease().close();
      throw e;
    }
    ((ServerCallStreamObserver<SampleResponse>) observer).setOnCancelHandler(job::withdraw);
    var unused =
        job.result()
            .whenCompleteAsync((images, error) -> reply(command, images, error, observer), replies);
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    ListModelsResponse.Builder response =
        ListModelsResponse.newBuilder().setMaxMessageBytes(limits.maxMessageBytes());
    models.ready().forEach(model -> response.addModels(info(model)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private static void reply(
      SampleCommand command,
      @Nullable List<float[]> images,
      @Nullable Throwable error,
      StreamObserver<SampleResponse> observer) {
    try (var lease = command.lease()) {
      if (images == null) {
        throw error == null ? new IllegalStateException("neither images nor error") : error;
      }
      observer.onNext(response(command, images));
      observer.onCompleted();
    } catch (Throwable e) { // whatever it is, the caller must not wait for ever
      observer.onError(Errors.toStatus(e));
    }
  }

  private static SampleResponse response(SampleCommand command, List<float[]> images) {
    UNetConfig shape = command.lease().spec().unet();
    SampleResponse.Builder response =
        SampleResponse.newBuilder()
            .setModel(ref(command.lease().name(), command.lease().version()))
            .setHeight(shape.height())
            .setWidth(shape.width())
            .setChannels(shape.imageChannels());
    for (int i = 0; i < images.size(); i++) {
      ByteString data =
          command.encoding() == Encoding.ENCODING_PNG
              ? ImageCodec.png(images.get(i), shape)
              : ImageCodec.raw(images.get(i));
      response.addImages(
          Image.newBuilder()
              .setData(data)
              .setSeed(command.seeds()[i])
              .setSteps(command.sampler().steps())
              .setEta(command.sampler().eta()));
    }
    return response.build();
  }

  private ModelInfo info(ModelRepository.Ready ready) {
    ModelSpec spec = ready.spec();
    return ModelInfo.newBuilder()
        .setModel(ref(ready.name(), ready.version()))
        .setHeight(spec.unet().height())
        .setWidth(spec.unet().width())
        .setChannels(spec.unet().imageChannels())
        .setTrainSteps(spec.schedule().trainSteps())
        .setParameters(spec.parameters())
        .setDataset(spec.dataset())
        .setLicense(spec.license())
        .setTrainingStep(spec.trainingStep())
        .setMaxImages(limits.maxImages(spec))
        .setMaxBatchSize(models.options().maxBatchSize())
        .build();
  }

  private static ModelRef ref(String name, long version) {
    return ModelRef.newBuilder().setName(name).setVersion(version).build();
  }

  /** How long the client of the present call will wait; null for as long as it takes. */
  private static @Nullable Duration timeLeft() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null ? null : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }
}
