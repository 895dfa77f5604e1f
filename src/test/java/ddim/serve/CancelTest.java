package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import ddim.serve.SamplingClient.Handling;
import ddim.serve.SamplingClient.Pictures;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Gate;
import ddim.serve.batch.SystemTime;
import ddim.v1.CancelRequest;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleStreamRequest;
import inference.GRPCInferenceServiceGrpc;
import inference.ModelInferRequest;
import inference.ModelStreamInferResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictionServiceGrpc;

/** Requests that are given up by their id, and by their deadline, over a real socket. */
class CancelTest {
  @TempDir private Path root;

  private final Gate gate = new Gate();
  private ServerFixture fixture;

  @BeforeEach
  void start() {
    fixture =
        ServerFixture.onSocket(
            root,
            ServerOptions.defaults(),
            BatcherOptions.of(2).withColumnsPerCall(5),
            new SystemTime());
    fixture.clothes.onCall(call -> gate.pass());
  }

  @AfterEach
  void stop() {
    gate.open();
    fixture.close();
  }

  @Test
  void aRequestIsGivenUpByItsIdFromAnotherConnection() throws Exception {
    try (SamplingClient client = fixture.client();
        SamplingClient other = fixture.client()) {
      var gone = CompletableFuture.supplyAsync(() -> ask(client, 1, "first"));
      gate.awaitCall();
      var stays = CompletableFuture.supplyAsync(() -> ask(client, 2, "second"));
      awaitWaiting(1);

      other.cancel("first");

      assertThatThrownBy(() -> gone.get(20, TimeUnit.SECONDS))
          .hasMessageContaining("CANCELLED: withdrawn by the caller");
      gate.open();
      assertThat(stays.get(20, TimeUnit.SECONDS).pictures()).hasSize(1);
      assertThat(fixture.clothes.calls().subList(warmUp() + 1, warmUp() + 3))
          .as("it left the batch at the next boundary")
          .extracting(FakeModel.Call::seeds)
          .containsExactly(List.of(2L), List.of(2L));
      assertThatThrownBy(() -> other.cancel("first"))
          .isInstanceOf(RemoteFailureException.class)
          .hasMessage(
              "NOT_FOUND: there is no request 'first': it has ended, or is not of this client");
    }
  }

  @Test
  void aStreamIsToldItsIdAndGivenUpByIt() {
    var events =
        fixture
            .stub()
            .sampleStream(
                SampleStreamRequest.newBuilder()
                    .setSample(
                        SampleRequest.newBuilder()
                            .setModel(ModelRef.newBuilder().setName("clothes"))
                            .setCount(1))
                    .build());
    String id = events.next().getStarted().getRequestId();
    assertThat(id).isNotEmpty();
    gate.awaitCall();

    var unused = fixture.stub().cancel(CancelRequest.newBuilder().setRequestId(id).build());
    gate.open();

    assertThatThrownBy(() -> events.forEachRemaining(event -> {}))
        .hasMessageContaining("CANCELLED");
  }

  @Test
  void callsOfOtherProtocolsAreGivenUpByTheirIdToo() throws Exception {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER), "theirs");
    var named = MetadataUtils.newAttachHeadersInterceptor(headers);
    var predicted =
        PredictionServiceGrpc.newFutureStub(fixture.channel)
            .withInterceptors(named)
            .predict((PredictRequest) good(PredictionServiceGrpc.getPredictMethod()));
    gate.awaitCall();
    ModelInferRequest request =
        (ModelInferRequest) good(GRPCInferenceServiceGrpc.getModelInferMethod());
    var inferred =
        GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
            .withInterceptors(named)
            .modelInfer(request);
    CompletableFuture<String> streamed = new CompletableFuture<>();
    var requests =
        GRPCInferenceServiceGrpc.newStub(fixture.channel)
            .withInterceptors(named)
            .modelStreamInfer(
                new StreamObserver<ModelStreamInferResponse>() {
                  @Override
                  public void onNext(ModelStreamInferResponse reply) {
                    streamed.complete(reply.getErrorMessage());
                  }

                  @Override
                  public void onError(Throwable error) {
                    streamed.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(request);
    awaitWaiting(4);

    try (SamplingClient other = fixture.client()) {
      other.cancel("theirs");
    }

    assertThatThrownBy(() -> predicted.get(20, TimeUnit.SECONDS))
        .hasMessageContaining("CANCELLED: withdrawn by the caller");
    assertThatThrownBy(() -> inferred.get(20, TimeUnit.SECONDS))
        .hasMessageContaining("CANCELLED: withdrawn by the caller");
    assertThat(streamed.get(20, TimeUnit.SECONDS)).isEqualTo("withdrawn by the caller");
    requests.onCompleted();
  }

  @Test
  void aStreamThatEndsByABrokenMessageLeavesNobodyComputing() throws Exception {
    ModelInferRequest request =
        ((ModelInferRequest) good(GRPCInferenceServiceGrpc.getModelInferMethod()))
            .toBuilder().removeParameters("timeout").build(); // which would end it too
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<byte[], byte[]> call =
        fixture.channel.newCall(
            GRPCInferenceServiceGrpc.getModelStreamInferMethod().toBuilder(
                    FuzzTest.BYTES, FuzzTest.BYTES)
                .build(),
            CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(request.toByteArray());
    gate.awaitCall();
    call.sendMessage(request.toByteArray());
    awaitWaiting(2);

    long begin = System.nanoTime();
    call.sendMessage(new byte[] {-1, -1, -1});
    call.halfClose();

    assertThat(end.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    awaitWaiting(0);
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .as("before the gate gives up, and what waits would begin")
        .isLessThan(Gate.PATIENCE.dividedBy(2));
    assertThat(fixture.clothes.calls()).as("graph calls").hasSize(warmUp() + 1);
  }

  private static Message good(MethodDescriptor<?, ?> method) {
    return GoodMessages.all().stream()
        .filter(good -> good.method().equals(method))
        .findFirst()
        .orElseThrow()
        .request();
  }

  @Test
  void anIdIsRequired() {
    assertThatThrownBy(() -> fixture.stub().cancel(CancelRequest.getDefaultInstance()))
        .hasMessage("INVALID_ARGUMENT: request_id is required");
  }

  @Test
  void whoIsLateIsToldSoonAndLeavesTheDeviceWithinOneSegment() throws Exception {
    try (SamplingClient client = fixture.client()) {
      assertThat(client.models()).isNotEmpty(); // connects
      long begin = System.nanoTime();
      var late =
          CompletableFuture.supplyAsync(
              () ->
                  client.sample(
                      Query.of("clothes", 1, 1).with(Handling.within(Duration.ofSeconds(2)))));
      gate.awaitCall(); // which goes on longer than that

      assertThatThrownBy(() -> late.get(20, TimeUnit.SECONDS))
          .hasMessageContaining("DEADLINE_EXCEEDED");
      Duration told = Duration.ofNanos(System.nanoTime() - begin);
      assertThat(told).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(12));
      gate.open();
      assertThat(ask(client, 2, "next").pictures()).hasSize(1);
      assertThat(fixture.clothes.calls().stream().skip(warmUp()))
          .filteredOn(call -> call.seeds().contains(1L))
          .as("segments that computed it")
          .hasSize(1);
    }
  }

  private static Pictures<float[]> ask(SamplingClient client, long seed, String id) {
    return client.sample(
        Query.of("clothes", seed, 1).withSteps(10).with(Handling.USUAL.withRequestId(id)));
  }

  /** The calls that every batch size is warmed up with. */
  private static int warmUp() {
    return 4;
  }

  private void awaitWaiting(int images) throws InterruptedException {
    long end = System.nanoTime() + Gate.PATIENCE.toNanos();
    while (waiting() != images && System.nanoTime() - end < 0) {
      Thread.sleep(5);
    }
    assertThat(waiting()).isEqualTo(images);
  }

  private int waiting() {
    return fixture
        .stub()
        .listModels(ddim.v1.ListModelsRequest.getDefaultInstance())
        .getModelsList()
        .get(0)
        .getBatching()
        .getImagesWaiting();
  }
}
