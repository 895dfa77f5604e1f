package ddim.serve;

import ddim.diffusion.Sampler;
import ddim.serve.rpc.ImageCodec;
import ddim.v1.CancelRequest;
import ddim.v1.DecodeResponse;
import ddim.v1.Encoding;
import ddim.v1.InterpolateResponse;
import ddim.v1.ListModelsRequest;
import ddim.v1.SamplingServiceGrpc;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * Asks a server for images, without a trace of gRPC. Images are float32 arrays of height * width *
 * channels numbers in [-1, 1].
 *
 * <p>Every method that asks throws {@link RemoteFailureException} if the server refuses or cannot
 * be reached. Thread-safe.
 */
public final class SamplingClient implements AutoCloseable {
  private static final long CLOSE_SECONDS = 5;
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  /**
   * Which model, and how.
   *
   * @param model the name
   * @param version the newest if empty
   * @param seeds one an image, where images are made from noise; the noise of the steps, or empty,
   *     where they are decoded; otherwise not used
   * @param steps the server's default if empty
   * @param eta the server's default if empty
   * @param sampler every option at once, steps and eta too; the server's defaults if empty
   * @param auto as many steps as the deadline allows, whatever {@code steps} and {@code sampler}
   *     say; only where images are made from noise
   * @param handling how the request is treated
   * @param wanted what the images show
   */
  public record Query(
      String model,
      OptionalLong version,
      List<Long> seeds,
      OptionalInt steps,
      OptionalDouble eta,
      Optional<Sampler> sampler,
      Optional<StepRange> auto,
      Handling handling,
      Wanted wanted) {
    public Query {
      seeds = List.copyOf(seeds);
    }

    /** A query whose other options are the server's defaults. */
    public Query(
        String model,
        OptionalLong version,
        List<Long> seeds,
        OptionalInt steps,
        OptionalDouble eta) {
      this(
          model,
          version,
          seeds,
          steps,
          eta,
          Optional.empty(),
          Optional.empty(),
          Handling.USUAL,
          Wanted.ANYTHING);
    }

    /** All as by default, without seeds. */
    public static Query of(String model) {
      return of(model, 0, 0);
    }

    /** The images of {@code count} seeds from {@code firstSeed} on, all else as by default. */
    public static Query of(String model, long firstSeed, int count) {
      return new Query(
              model, OptionalLong.empty(), List.of(), OptionalInt.empty(), OptionalDouble.empty())
          .withSeeds(firstSeed, count);
    }

    /** A copy for the images of {@code count} seeds from {@code firstSeed} on. */
    public Query withSeeds(long firstSeed, int count) {
      List<Long> newSeeds = LongStream.range(0, count).map(i -> firstSeed + i).boxed().toList();
      return new Query(model, version, newSeeds, steps, eta, sampler, auto, handling, wanted);
    }

    /** A copy with so many network calls an image. */
    public Query withSteps(int newSteps) {
      return new Query(
          model, version, seeds, OptionalInt.of(newSteps), eta, sampler, auto, handling, wanted);
    }

    /** A copy with so much fresh noise. */
    public Query withEta(double newEta) {
      return new Query(
          model, version, seeds, steps, OptionalDouble.of(newEta), sampler, auto, handling, wanted);
    }

    /** A copy that asks one version. */
    public Query withVersion(long newVersion) {
      return new Query(
          model, OptionalLong.of(newVersion), seeds, steps, eta, sampler, auto, handling, wanted);
    }

    /** A copy with all options of a sampler, steps and eta too. */
    public Query with(Sampler newSampler) {
      return new Query(
          model,
          version,
          seeds,
          OptionalInt.empty(),
          OptionalDouble.empty(),
          Optional.of(newSampler),
          auto,
          handling,
          wanted);
    }

    /** A copy that takes as many steps as its deadline allows. */
    public Query withAutoSteps(StepRange range) {
      return new Query(
          model, version, seeds, steps, eta, sampler, Optional.of(range), handling, wanted);
    }

    /** A copy that is treated otherwise. */
    public Query with(Handling newHandling) {
      return new Query(model, version, seeds, steps, eta, sampler, auto, newHandling, wanted);
    }

    /** A copy for images of classes. */
    public Query with(Wanted newWanted) {
      return new Query(model, version, seeds, steps, eta, sampler, auto, handling, newWanted);
    }
  }

  /**
   * What images show that models with classes make from noise.
   *
   * @param labels one for all images, or one an image, -1 for anything; empty for no classes
   * @param guidance how strongly they are followed; the server's default if empty
   */
  public record Wanted(List<Integer> labels, OptionalDouble guidance) {
    /** No classes. */
    public static final Wanted ANYTHING = new Wanted(List.of(), OptionalDouble.empty());

    public Wanted {
      labels = List.copyOf(labels);
    }
  }

  /**
   * The numbers of steps that are of use.
   *
   * @param least 0 for the server's default
   * @param most 0 for the server's default
   */
  public record StepRange(int least, int most) {
    /** The server's defaults. */
    public static final StepRange USUAL = new StepRange(0, 0);
  }

  /**
   * How a request is treated.
   *
   * @param deadline how long the answer is waited for; for ever if empty
   * @param priority from 1, the most urgent; 0 for the server's default
   * @param requestId what {@link #cancel} calls it; one that nobody knows if empty
   */
  public record Handling(Optional<Duration> deadline, int priority, Optional<String> requestId) {
    /** As by default. */
    public static final Handling USUAL = new Handling(Optional.empty(), 0, Optional.empty());

    /** As by default, with a deadline. */
    public static Handling within(Duration deadline) {
      return new Handling(Optional.of(deadline), 0, Optional.empty());
    }

    /** A copy with another priority. */
    public Handling withPriority(int newPriority) {
      return new Handling(deadline, newPriority, requestId);
    }

    /** A copy with an id. */
    public Handling withRequestId(String id) {
      return new Handling(deadline, priority, Optional.of(id));
    }
  }

  /**
   * One image and what made it.
   *
   * @param pixels {@code float[]}, or the bytes of a PNG
   * @param solver its name in commands
   */
  public record Picture<T>(T pixels, long seed, int steps, double eta, String solver) {}

  /**
   * The images, in the order in which they were asked for.
   *
   * @param version the version that made them
   */
  public record Pictures<T>(
      String model, long version, int height, int width, int channels, List<Picture<T>> pictures) {
    /** Only the pixels. */
    public List<T> pixels() {
      return pictures.stream().map(Picture::pixels).toList();
    }
  }

  /**
   * Images that were encoded and decoded again.
   *
   * @param errors the mean squared error of each, on the scale where pixels are from 0 to 1
   */
  public record Reconstructions(Pictures<float[]> images, List<Double> errors) {}

  /** One end of an interpolation. */
  public sealed interface End {
    /** The starting noise of a seed. */
    record Seed(long seed) implements End {}

    /** A latent. */
    record Latent(float[] latent) implements End {}

    /** An image to encode. */
    record Picture(float[] image) implements End {}
  }

  /**
   * An image on its way.
   *
   * @param noisy x_t, not limited to [-1, 1]
   * @param x0 what the network predicted from it a step before
   */
  public record Preview(float[] noisy, Picture<float[]> x0) {}

  /** Hears of images on their way, on the thread that waits for them. */
  public interface Watcher {
    /** So many steps of all images together have been taken. */
    void progress(long stepsTaken, long stepsInAll);

    /** An image after some of its steps. */
    void preview(int index, Preview preview);
  }

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
      int maxImages,
      int classes,
      List<String> classNames) {}

  private final ManagedChannel channel;
  private final SamplingServiceBlockingStub stub;
  private final BrokenAnswers again;

  private SamplingClient(
      ManagedChannel channel, SamplingServiceBlockingStub stub, BrokenAnswers again) {
    this.channel = channel;
    this.stub = stub;
    this.again = again;
  }

  /**
   * A client of the server at {@code target}; connects with the first call.
   *
   * @param target see {@link ClientOptions}
   */
  public static SamplingClient connect(String target) {
    return connect(ClientOptions.of(target));
  }

  /**
   * A client of one server or several; connects with the first call.
   *
   * @throws java.io.UncheckedIOException if a file of the options cannot be used, naming it
   */
  public static SamplingClient connect(ClientOptions options) {
    ManagedChannel channel = Connections.open(options);
    SamplingServiceBlockingStub stub = SamplingServiceGrpc.newBlockingStub((Channel) channel);
    return new SamplingClient(
        channel,
        options
            .tokenFile()
            .map(file -> stub.withCallCredentials(Connections.token(file)))
            .orElse(stub),
        new BrokenAnswers(options.attempts()));
  }

  /** What the server has ready, ordered by name and version. */
  public List<Model> models() {
    var response = ask(stub, asked -> asked.listModels(ListModelsRequest.getDefaultInstance()));
    return response.getModelsList().stream().map(ClientMessages::model).toList();
  }

  /** One image for each seed. */
  public Pictures<float[]> sample(Query query) {
    var request = ClientMessages.sample(query, Encoding.ENCODING_RAW_FLOAT32);
    return ClientMessages.pictures(
        ask(stub(query), asked -> asked.sample(request)), ClientMessages::floats);
  }

  /** One PNG file for each seed. */
  public Pictures<byte[]> samplePng(Query query) {
    var request = ClientMessages.sample(query, Encoding.ENCODING_PNG);
    return ClientMessages.pictures(
        ask(stub(query), asked -> asked.sample(request)), ClientMessages::bytes);
  }

  /**
   * One image for each seed, seen on their way. A watcher sees the way from its start again if the
   * connection breaks and the client tries again.
   *
   * @param previewAfter after how many steps the watcher is shown each image; at most 20 numbers
   */
  public Pictures<float[]> sample(Query query, List<Integer> previewAfter, Watcher watcher) {
    var request = ClientMessages.stream(query, previewAfter);
    return ask(stub(query), asked -> ClientMessages.follow(asked.sampleStream(request), watcher));
  }

  /** The latents of images. */
  public List<float[]> encode(Query query, List<float[]> images) {
    var request = ClientMessages.encode(query, images);
    return ask(stub(query), asked -> asked.encode(request)).getLatentsList().stream()
        .map(ImageCodec::fromRaw)
        .toList();
  }

  /** The images of latents. */
  public Pictures<float[]> decode(Query query, List<float[]> latents) {
    var request = ClientMessages.decode(query, latents);
    DecodeResponse answer = ask(stub(query), asked -> asked.decode(request));
    return ClientMessages.pictures(answer);
  }

  /** What is left of images after encoding and decoding. */
  public Reconstructions reconstruct(Query query, List<float[]> images) {
    var request = ClientMessages.reconstruct(query, images);
    return ClientMessages.reconstructions(ask(stub(query), asked -> asked.reconstruct(request)));
  }

  /**
   * The images between ends, row by row.
   *
   * @param ends two of a line, or the corners of a grid, row by row
   * @param rows 1 for a line
   */
  public Pictures<float[]> interpolate(Query query, List<End> ends, int rows, int columns) {
    var request = ClientMessages.interpolate(query, ends, rows, columns);
    InterpolateResponse answer = ask(stub(query), asked -> asked.interpolate(request));
    return ClientMessages.pictures(answer);
  }

  /**
   * Gives up a request of this client, made with an id in its {@link Handling}: who waits for it is
   * told that it was cancelled.
   *
   * @throws RemoteFailureException if there is none that has not ended
   */
  public void cancel(String requestId) {
    var request = CancelRequest.newBuilder().setRequestId(requestId).build();
    try {
      var unused = stub.cancel(request);
    } catch (StatusRuntimeException e) {
      throw RemoteFailureException.of(e);
    }
  }

  private SamplingServiceBlockingStub stub(Query query) {
    Handling handling = query.handling();
    SamplingServiceBlockingStub handled = stub;
    if (handling.deadline().isPresent()) {
      long nanos = handling.deadline().get().toNanos();
      handled = handled.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
    }
    if (handling.requestId().isPresent()) {
      Metadata headers = new Metadata();
      headers.put(REQUEST_ID, handling.requestId().get());
      handled = handled.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    return handled;
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

  private <R> R ask(
      SamplingServiceBlockingStub asked, Function<SamplingServiceBlockingStub, R> call) {
    try {
      return again.ask(asked, call);
    } catch (StatusRuntimeException e) {
      throw RemoteFailureException.of(e);
    }
  }
}
