package ddim.serve;

import ddim.v1.Encoding;
import ddim.v1.ListModelsRequest;
import ddim.v1.ListModelsResponse;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SamplingServiceGrpc;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;

/** Asks a server for images, without a trace of gRPC. Thread-safe. */
public final class SamplingClient implements AutoCloseable {
  private static final int MAX_MESSAGE_BYTES = 1 << 30; // the server's limit is the one that counts
  private static final long CLOSE_SECONDS = 5;

  /**
   * Which images.
   *
   * @param model the name
   * @param version the newest if empty
   * @param seeds one an image
   * @param steps the server's default if empty
   * @param eta the server's default if empty
   */
  public record Query(
      String model, OptionalLong version, List<Long> seeds, OptionalInt steps, OptionalDouble eta) {
    public Query {
      seeds = List.copyOf(seeds);
    }

    /** The images of {@code count} seeds from {@code firstSeed} on, all else as by default. */
    public static Query of(String model, long firstSeed, int count) {
      return new Query(
          model,
          OptionalLong.empty(),
          LongStream.range(0, count).map(i -> firstSeed + i).boxed().toList(),
          OptionalInt.empty(),
          OptionalDouble.empty());
    }

    /** A copy with so many network calls an image. */
    public Query withSteps(int newSteps) {
      return new Query(model, version, seeds, OptionalInt.of(newSteps), eta);
    }

    /** A copy with so much fresh noise. */
    public Query withEta(double newEta) {
      return new Query(model, version, seeds, steps, OptionalDouble.of(newEta));
    }

    /** A copy that asks one version. */
    public Query withVersion(long newVersion) {
      return new Query(model, OptionalLong.of(newVersion), seeds, steps, eta);
    }
  }

  /**
   * One image and what made it.
   *
   * @param pixels {@code float[]} of height * width * channels in [-1, 1], or the bytes of a PNG
   */
  public record Picture<T>(T pixels, long seed, int steps, double eta) {}

  /**
   * The images, in the order of the seeds.
   *
   * @param version the version that made them
   */
  public record Pictures<T>(
      String model, long version, int height, int width, int channels, List<Picture<T>> pictures) {}

  /** A model that can be asked. */
  public record Model(
      String name,
      long version,
      int height,
      int width,
      int channels,
      int trainSteps,
      long parameters,
      String dataset,
      String license,
      long trainingStep,
      int maxImages) {}

  private final ManagedChannel channel;
  private final SamplingServiceBlockingStub stub;

  private SamplingClient(ManagedChannel channel) {
    this.channel = channel;
    this.stub = SamplingServiceGrpc.newBlockingStub((Channel) channel);
  }

  /**
   * A client of the server at {@code target}; connects with the first call.
   *
   * @param target HOST:PORT, or any target that gRPC knows
   */
  public static SamplingClient connect(String target) {
    return new SamplingClient(
        ManagedChannelBuilder.forTarget(target)
            .usePlaintext()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .build());
  }

  /**
   * The images as numbers.
   *
   * @throws RemoteFailureException if the server refuses or cannot be reached
   */
  public Pictures<float[]> sample(Query query) {
    SampleResponse response = ask(query, Encoding.ENCODING_RAW_FLOAT32);
    return pictures(response, image -> ImageCodec.fromRaw(image.getData()));
  }

  /**
   * The images as PNG files.
   *
   * @throws RemoteFailureException if the server refuses or cannot be reached
   */
  public Pictures<byte[]> samplePng(Query query) {
    SampleResponse response = ask(query, Encoding.ENCODING_PNG);
    return pictures(response, image -> image.getData().toByteArray());
  }

  /**
   * What the server has ready, ordered by name and version.
   *
   * @throws RemoteFailureException if the server cannot be reached
   */
  public List<Model> models() {
    try {
      ListModelsResponse response = stub.listModels(ListModelsRequest.getDefaultInstance());
      return response.getModelsList().stream().map(SamplingClient::model).toList();
    } catch (StatusRuntimeException e) {
      throw RemoteFailureException.of(e);
    }
  }

  /** Closes the connection. */
  @Override
  public void close() {
    channel.shutdown();
    try {
      if (!channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        channel.shutdownNow();
      }
    } catch (InterruptedException e) {
      channel.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private SampleResponse ask(Query query, Encoding encoding) {
    ModelRef.Builder model = ModelRef.newBuilder().setName(query.model());
    query.version().ifPresent(model::setVersion);
    SampleRequest.Builder request =
        SampleRequest.newBuilder().setModel(model).addAllSeeds(query.seeds()).setEncoding(encoding);
    query.steps().ifPresent(request::setSteps);
    query.eta().ifPresent(request::setEta);
    try {
      return stub.sample(request.build());
    } catch (StatusRuntimeException e) {
      throw RemoteFailureException.of(e);
    }
  }

  private static <T> Pictures<T> pictures(
      SampleResponse response, Function<ddim.v1.Image, T> pixels) {
    return new Pictures<>(
        response.getModel().getName(),
        response.getModel().getVersion(),
        response.getHeight(),
        response.getWidth(),
        response.getChannels(),
        response.getImagesList().stream()
            .map(i -> new Picture<>(pixels.apply(i), i.getSeed(), i.getSteps(), i.getEta()))
            .toList());
  }

  private static Model model(ddim.v1.ModelInfo info) {
    return new Model(
        info.getModel().getName(),
        info.getModel().getVersion(),
        info.getHeight(),
        info.getWidth(),
        info.getChannels(),
        info.getTrainSteps(),
        info.getParameters(),
        info.getDataset(),
        info.getLicense(),
        info.getTrainingStep(),
        info.getMaxImages());
  }
}
