package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.Gate;
import ddim.serve.rpc.ImageCodec;
import ddim.v1.Encoding;
import ddim.v1.InterpolateRequest;
import ddim.v1.InterpolateResponse;
import ddim.v1.LatentSource;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What SIGTERM does, over a real socket; the grace passes on the test's own clock. */
class ShutdownTest {
  private static final Duration GRACE = Duration.ofSeconds(30);

  @TempDir private Path root;
  private final FakeTime time = new FakeTime();
  private final Gate gate = new Gate();
  private ServerFixture fixture;

  @BeforeEach
  void start() {
    fixture = ServerFixture.onSocket(root, ServerOptions.defaults(), BatcherOptions.of(2), time);
    fixture.clothes.onCall(call -> gate.pass());
  }

  @AfterEach
  void stop() {
    gate.open();
    fixture.close();
  }

  @Test
  void theRunningFinishTheWaitingAreToldAndNobodyIsLetIn() throws Exception {
    BlockingQueue<ServingStatus> health = watchHealth();
    assertThat(health.poll(20, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
    ListenableFuture<SampleResponse> running = ask(1, 2);
    gate.awaitCall();
    ListenableFuture<SampleResponse> waiting = ask(10, 1);
    time.awaitAlarms(2);

    CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> fixture.server.close(GRACE));

    assertThat(health.poll(20, TimeUnit.SECONDS)).isEqualTo(ServingStatus.NOT_SERVING);
    assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("UNAVAILABLE: the model is being shut down");
    try (SamplingClient client = fixture.client()) {
      assertThatThrownBy(() -> client.sample(Query.of("clothes", 0, 1)))
          .isInstanceOf(RemoteFailureException.class)
          .hasMessage("UNAVAILABLE: the model is being shut down");
    }
    assertThat(closed).isNotDone();
    gate.open();
    assertThat(running.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(2);
    closed.get(20, TimeUnit.SECONDS);
    assertThat(fixture.clothes.isClosed()).isTrue();
  }

  @Test
  void anInterpolationThatHasBegunMayFinish() throws Exception {
    ListenableFuture<InterpolateResponse> running = interpolate();
    gate.awaitCall(); // of its ends

    CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> fixture.server.close(GRACE));
    time.awaitAlarms(2); // of the request's deadline and of the grace
    gate.letThrough();
    gate.awaitCall(); // of what is between them
    assertThat(closed).isNotDone();
    gate.open();

    assertThat(running.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(5);
    closed.get(20, TimeUnit.SECONDS);
    assertThat(fixture.clothes.isClosed()).isTrue();
  }

  @Test
  void afterTheGraceItIsGivenUpBetweenItsEnds() throws Exception {
    ListenableFuture<InterpolateResponse> running = interpolate();
    gate.awaitCall();
    CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> fixture.server.close(GRACE));
    time.awaitAlarms(2);
    gate.letThrough();
    gate.awaitCall();

    time.advance(GRACE);

    assertThatThrownBy(() -> running.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("UNAVAILABLE: the model is being shut down");
    closed.get(20, TimeUnit.SECONDS);
  }

  private ListenableFuture<InterpolateResponse> interpolate() {
    ByteString image = ImageCodec.raw(new float[6]);
    InterpolateRequest request =
        InterpolateRequest.newBuilder()
            .setModel(ModelRef.newBuilder().setName("clothes"))
            .addEnds(LatentSource.newBuilder().setImage(image))
            .addEnds(LatentSource.newBuilder().setImage(image))
            .setImagesEncoding(Encoding.ENCODING_RAW_FLOAT32)
            .setColumns(5)
            .setSteps(5)
            .build();
    return fixture.futureStub().withDeadlineAfter(1, TimeUnit.HOURS).interpolate(request);
  }

  @Test
  void afterTheGraceNothingHangs() throws Exception {
    ListenableFuture<SampleResponse> running = ask(1, 2);
    gate.awaitCall();
    CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> fixture.server.close(GRACE));
    time.awaitAlarms(2); // of the request's deadline and of the grace

    time.advance(GRACE);

    assertThatThrownBy(() -> running.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("UNAVAILABLE: the model is being shut down");
    closed.get(20, TimeUnit.SECONDS); // though the graph call goes on
    assertThat(fixture.clothes.isClosed()).isFalse();
  }

  private BlockingQueue<ServingStatus> watchHealth() {
    BlockingQueue<ServingStatus> statuses = new LinkedBlockingQueue<>();
    HealthGrpc.newStub(fixture.channel)
        .watch(
            HealthCheckRequest.getDefaultInstance(),
            new StreamObserver<>() {
              @Override
              public void onNext(HealthCheckResponse response) {
                statuses.add(response.getStatus());
              }

              @Override
              public void onError(Throwable error) {}

              @Override
              public void onCompleted() {}
            });
    return statuses;
  }

  private ListenableFuture<SampleResponse> ask(long firstSeed, int count) {
    SampleRequest request =
        SampleRequest.newBuilder()
            .setModel(ModelRef.newBuilder().setName("clothes"))
            .setCount(count)
            .setFirstSeed(firstSeed)
            .build();
    return fixture.futureStub().withDeadlineAfter(1, TimeUnit.HOURS).sample(request);
  }
}
