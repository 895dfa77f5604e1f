package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Gate;
import ddim.serve.batch.SystemTime;
import ddim.serve.call.ClientLimits;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import ddim.serve.security.SecurityOptions;
import ddim.v1.Encoding;
import ddim.v1.ListModelsRequest;
import ddim.v1.ModelRef;
import ddim.v1.Preview;
import ddim.v1.SampleRequest;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SampleStreamResponse;
import ddim.v1.SamplingServiceGrpc;
import inference.GRPCInferenceServiceGrpc;
import inference.InferParameter;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import inference.ModelInferResponse;
import inference.ModelStreamInferResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who sees which previews of 64 images of 28 x 28, which are more than a connection takes at once.
 */
class SlowReaderTest {
  private static final int IMAGES = 64;
  private static final int PREVIEW_BYTES = 2 * 28 * 28 * Float.BYTES;
  private static final int SECONDS = 60;

  @TempDir private Path root;
  private final FakeModel model = new FakeModel(28, 28, 1);
  private final Gate gate = new Gate();
  private DdimServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    start(ServerOptions.defaults());
    model.onCall(call -> gate.pass());
  }

  private void start(ServerOptions options) throws IOException {
    Files.createDirectories(root.resolve("clothes/1"));
    server =
        DdimServer.start(
            options.withAddress("127.0.0.1", 0),
            new ModelRepository(
                RepositoryOptions.of(root),
                version -> model.open(),
                BatcherOptions.of(IMAGES),
                new SystemTime()));
    server.load();
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .maxInboundMessageSize(1 << 26)
            .build();
  }

  @AfterEach
  void stop() {
    gate.open();
    channel.shutdownNow();
    server.close();
  }

  @Test
  void whoReadsOnSeesEveryPreviewOfEveryImage() {
    Iterator<SampleStreamResponse> events =
        SamplingServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
            .sampleStream(request(List.of(2, 4)));
    assertThat(events.next().hasStarted()).isTrue();

    for (int stop : List.of(2, 4)) {
      gate.awaitCall();
      gate.letThrough();
      Set<Integer> seen = new HashSet<>();
      while (seen.size() < IMAGES) { // before the next graph call
        SampleStreamResponse event = events.next();
        if (event.hasPreview()) {
          assertThat(event.getPreview().getImage().getSteps()).isEqualTo(stop);
          assertThat(event.getPreview().getNoisy().size()).isEqualTo(PREVIEW_BYTES / 2);
          seen.add(event.getPreview().getIndex());
        }
      }
    }
    gate.open();
    assertThat(finished(events)).isEqualTo(IMAGES);
  }

  private static int finished(Iterator<SampleStreamResponse> events) {
    int finished = 0;
    while (events.hasNext()) {
      SampleStreamResponse event = events.next();
      assertThat(event.hasPreview()).isFalse();
      finished += event.hasFinished() ? 1 : 0;
    }
    return finished;
  }

  @Test
  void whoStallsMissesOlderOnesAndCostsNobodyAnything() throws Exception {
    gate.open();
    List<Integer> stops = IntStream.rangeClosed(1, 20).boxed().toList();
    List<SampleStreamResponse> all = new CopyOnWriteArrayList<>();
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<SampleStreamRequest, SampleStreamResponse> call =
        channel.newCall(
            SamplingServiceGrpc.getSampleStreamMethod(),
            CallOptions.DEFAULT.withDeadlineAfter(SECONDS, TimeUnit.SECONDS));
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(SampleStreamResponse event) {
            all.add(event);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.sendMessage(request(stops));
    call.halfClose();
    awaitSteps(IMAGES * 25L); // it does not read, and yet they are made

    call.request(Integer.MAX_VALUE);

    assertThat(end.get(SECONDS, TimeUnit.SECONDS).isOk()).isTrue();
    Map<Integer, Integer> latest = new HashMap<>();
    int previews = 0;
    for (SampleStreamResponse event : all) {
      if (event.hasPreview()) {
        Preview preview = event.getPreview();
        latest.put(preview.getIndex(), preview.getImage().getSteps());
        previews++;
      }
      if (event.hasFinished()) {
        assertThat(latest.get(event.getFinished().getIndex()))
            .as("the latest preview of an image comes before the image")
            .isEqualTo(20);
      }
    }
    assertThat(latest).hasSize(IMAGES);
    assertThat(previews)
        .as("one an image, and what the connection had room for, of %d", IMAGES * stops.size())
        .isLessThan(IMAGES + 3 * (1 << 20) / PREVIEW_BYTES);
  }

  @Test
  void aStreamOfTheInferenceProtocolSeesThemToo() throws Exception {
    BlockingQueue<ModelStreamInferResponse> replies = new LinkedBlockingQueue<>();
    StreamObserver<ModelInferRequest> requests =
        GRPCInferenceServiceGrpc.newStub(channel)
            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
            .modelStreamInfer(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ModelStreamInferResponse reply) {
                    replies.add(reply);
                  }

                  @Override
                  public void onError(Throwable error) {}

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(inference());

    for (int stop : List.of(2, 4)) {
      gate.awaitCall();
      gate.letThrough();
      Set<Long> seen = new HashSet<>();
      while (seen.size() < IMAGES) {
        ModelInferResponse preview = next(replies);
        assertThat(preview.getParametersOrThrow("steps").getInt64Param()).isEqualTo(stop);
        seen.add(preview.getParametersOrThrow("row").getInt64Param());
      }
    }
    gate.open();
    assertThat(next(replies).getParametersOrThrow("triton_final_response").getBoolParam()).isTrue();
    requests.onCompleted();
  }

  private static ModelInferResponse next(BlockingQueue<ModelStreamInferResponse> replies)
      throws InterruptedException {
    ModelStreamInferResponse reply = replies.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(reply).isNotNull();
    assertThat(reply.getErrorMessage()).isEmpty();
    return reply.getInferResponse();
  }

  @Test
  void aStreamThatIsRefusedHasNotBegun() throws IOException {
    stop();
    start(
        ServerOptions.defaults()
            .with(SecurityOptions.NONE.withLimits(new ClientLimits(0, 0.01)))); // then no more
    SampleStreamRequest request = request(List.of());
    List<Metadata> headers = new ArrayList<>();
    var stub =
        SamplingServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
            .withInterceptors(new HeaderLog(headers));
    stub.sampleStream(request).forEachRemaining(event -> {});
    assertThat(headers).hasSize(1);

    assertThatThrownBy(() -> stub.sampleStream(request).forEachRemaining(event -> {}))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("RESOURCE_EXHAUSTED");

    assertThat(headers).as("trailers alone: a policy of the client may try again").hasSize(1);
  }

  private static SampleStreamRequest request(List<Integer> stops) {
    return SampleStreamRequest.newBuilder()
        .setSample(
            SampleRequest.newBuilder()
                .setModel(ModelRef.newBuilder().setName("clothes"))
                .setCount(IMAGES)
                .setSteps(25)
                .setEncoding(Encoding.ENCODING_RAW_FLOAT32))
        .addAllPreviewAfter(stops)
        .setPreviewNoisy(true)
        .build();
  }

  private static ModelInferRequest inference() {
    ByteBuffer seeds = ByteBuffer.allocate(Long.BYTES * IMAGES).order(ByteOrder.LITTLE_ENDIAN);
    IntStream.range(0, IMAGES).forEach(seeds::putLong);
    return ModelInferRequest.newBuilder()
        .setModelName("clothes")
        .addInputs(
            InferInputTensor.newBuilder().setName("seed").setDatatype("INT64").addShape(IMAGES))
        .addRawInputContents(ByteString.copyFrom(seeds.array()))
        .putParameters("steps", InferParameter.newBuilder().setInt64Param(10).build())
        .putParameters("eta", InferParameter.newBuilder().setInt64Param(0).build())
        .putParameters("preview_after", InferParameter.newBuilder().setStringParam("2,4").build())
        .build();
  }

  private void awaitSteps(long steps) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (stepsTaken() < steps) {
      assertThat(System.nanoTime() - end).as("in time").isNegative();
      Thread.sleep(20);
    }
    Thread.sleep(500); // events go out after the call
  }

  private long stepsTaken() {
    return SamplingServiceGrpc.newBlockingStub(channel)
        .listModels(ListModelsRequest.getDefaultInstance())
        .getModels(0)
        .getBatching()
        .getStepsTaken();
  }
}
