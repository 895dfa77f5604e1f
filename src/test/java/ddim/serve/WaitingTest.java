package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.Gate;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SampleStreamResponse;
import ddim.v1.SamplingServiceGrpc;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who waits, how long, and how it ends; in the process, with a clock of the test's own.
 *
 * <p>Every request has a deadline of an hour, so the alarms of that clock count the requests that
 * the server has taken in.
 */
class WaitingTest {
  @TempDir private Path root;
  private final FakeTime time = new FakeTime();
  private final Gate gate = new Gate();
  private ServerFixture fixture;

  @BeforeEach
  void start() {
    fixture =
        ServerFixture.inProcess(
            root, BatcherOptions.of(2).withMaxEnqueuedBatches(2).withColumnsPerCall(5), time);
  }

  @AfterEach
  void stop() {
    gate.open();
    fixture.close();
  }

  @Test
  void aLateCallIsToldByTheServersOwnClock() {
    hold();
    ListenableFuture<SampleResponse> running = ask(1, 1);
    gate.awaitCall();
    ListenableFuture<SampleResponse> waiting = ask(2, 1);
    time.awaitAlarms(2);

    time.advance(Duration.ofHours(1));

    assertThat(errorOf(running).getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(errorOf(waiting).getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(errorOf(waiting).getStatus().getDescription())
        .isEqualTo("the caller's time was over before the images");
  }

  @Test
  void aFullQueueSaysWhenToTryAgain() throws Exception {
    hold();
    ListenableFuture<SampleResponse> running = ask(1, 2);
    gate.awaitCall();
    ListenableFuture<SampleResponse> waiting = ask(10, 4);
    time.awaitAlarms(2);

    StatusRuntimeException error = errorOf(ask(20, 1));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(error.getStatus().getDescription()).isEqualTo("4 images wait already, of at most 4");
    List<Any> details = Objects.requireNonNull(StatusProto.fromThrowable(error)).getDetailsList();
    assertThat(details.get(1).unpack(RetryInfo.class).getRetryDelay().getNanos())
        .isEqualTo(100_000_000);
    gate.open();
    assertThat(running.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(2);
    assertThat(waiting.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(4);
  }

  @Test
  void aCallThatIsCancelledLeavesTheQueueAtOnce() throws Exception {
    hold();
    ListenableFuture<SampleResponse> running = ask(1, 1);
    gate.awaitCall();
    ListenableFuture<SampleResponse> gone = ask(10, 4);
    time.awaitAlarms(2);

    gone.cancel(true);
    time.awaitAlarms(1);

    ListenableFuture<SampleResponse> takesItsPlace = ask(20, 4);
    time.awaitAlarms(2);
    gate.open();
    assertThat(running.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(1);
    assertThat(takesItsPlace.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(4);
    assertThat(fixture.clothes.calls()).noneMatch(call -> call.seeds().contains(10L));
  }

  @Test
  void aRunningCallThatIsCancelledLeavesAtTheNextBoundary() throws Exception {
    hold();
    ListenableFuture<SampleResponse> gone = ask(1, 1);
    gate.awaitCall();
    ListenableFuture<SampleResponse> stays = ask(2, 1);
    time.awaitAlarms(2);

    gone.cancel(true);
    time.awaitAlarms(1);

    gate.open();
    assertThat(stays.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(1);
    assertThat(fixture.clothes.calls())
        .extracting(FakeModel.Call::seeds)
        .endsWith(List.of(1L), List.of(2L), List.of(2L));
  }

  @Test
  void anExceptionOfTheModelIsInternalWithAnIdAndTheServerGoesOn() throws Exception {
    fixture.clothes.onCall(
        call -> {
          if (call.seeds().contains(13L)) {
            throw new IllegalStateException("secret detail of the model");
          }
        });

    Status status = errorOf(ask(13, 1)).getStatus();

    assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(status.getDescription())
        .matches("internal error [0-9a-f-]{36}: the server's log has the cause");
    assertThat(ask(14, 1).get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(1);
  }

  @Test
  void aReaderOfAStreamWhoStallsCostsTheOthersNothing() throws Exception {
    SampleStreamRequest request =
        SampleStreamRequest.newBuilder()
            .setSample(request(1, 1))
            .addAllPreviewAfter(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9))
            .build();
    StalledReader reader = new StalledReader();
    SamplingServiceGrpc.newStub(fixture.channel).sampleStream(request, reader);

    for (int seed = 10; seed < 20; seed++) {
      assertThat(ask(seed, 2).get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(2);
    }

    reader.readAll();
    assertThat(reader.done.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.events.get(0).hasStarted()).isTrue();
    assertThat(reader.events).filteredOn(SampleStreamResponse::hasFinished).hasSize(1);
  }

  @Test
  void aStreamThatIsCancelledLeavesTheBatch() throws Exception {
    hold();
    SampleStreamRequest request = SampleStreamRequest.newBuilder().setSample(request(1, 2)).build();
    Iterator<SampleStreamResponse> events;
    Context.CancellableContext context = Context.current().withCancellation();
    Context previous = context.attach();
    try {
      events =
          SamplingServiceGrpc.newBlockingStub(fixture.channel)
              .withDeadlineAfter(1, TimeUnit.HOURS)
              .sampleStream(request);
    } finally {
      context.detach(previous);
    }
    assertThat(events.next().getStarted().getImages()).isEqualTo(2);
    gate.awaitCall();
    time.awaitAlarms(1);

    context.cancel(null);
    time.awaitAlarms(0);

    ListenableFuture<SampleResponse> next = ask(7, 2);
    time.awaitAlarms(1);
    gate.open();
    assertThat(next.get(20, TimeUnit.SECONDS).getImagesCount()).isEqualTo(2);
    assertThat(fixture.clothes.calls())
        .extracting(FakeModel.Call::seeds)
        .endsWith(List.of(1L, 2L), List.of(7L, 8L), List.of(7L, 8L));
  }

  private void hold() {
    fixture.clothes.onCall(call -> gate.pass());
  }

  private ListenableFuture<SampleResponse> ask(long firstSeed, int count) {
    return fixture
        .futureStub()
        .withDeadlineAfter(1, TimeUnit.HOURS)
        .sample(request(firstSeed, count));
  }

  private static SampleRequest request(long firstSeed, int count) {
    return SampleRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName("clothes"))
        .setCount(count)
        .setFirstSeed(firstSeed)
        .setSteps(10)
        .build();
  }

  private static StatusRuntimeException errorOf(ListenableFuture<SampleResponse> call) {
    try {
      throw new AssertionError(call.get(20, TimeUnit.SECONDS) + " and no error");
    } catch (ExecutionException e) {
      return (StatusRuntimeException) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** Asks for the first event and no more until it is told to. */
  private static final class StalledReader
      implements ClientResponseObserver<SampleStreamRequest, SampleStreamResponse> {
    private final List<SampleStreamResponse> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable ClientCallStreamObserver<SampleStreamRequest> requests;

    @Override
    public void beforeStart(ClientCallStreamObserver<SampleStreamRequest> call) {
      requests = call;
      call.disableAutoRequestWithInitial(1);
    }

    void readAll() {
      Objects.requireNonNull(requests).request(1000);
    }

    @Override
    public void onNext(SampleStreamResponse event) {
      events.add(event);
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {
      done.countDown();
    }
  }
}
