package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import ddim.serve.SamplingClient.Handling;
import ddim.serve.SamplingClient.Query;
import ddim.v1.ListModelsRequest;
import ddim.v1.ListModelsResponse;
import ddim.v1.ModelInfo;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SampleStreamResponse;
import ddim.v1.SamplingServiceGrpc.SamplingServiceImplBase;
import ddim.v1.Started;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client makes of connections that end, with servers that end them when they are told. */
class RetryTest {
  static final SamplingClient.Watcher NOBODY =
      new SamplingClient.Watcher() {
        @Override
        public void progress(long stepsTaken, long stepsInAll) {}

        @Override
        public void preview(int index, SamplingClient.Preview preview) {}
      };

  /** Does as told with the first calls, of all servers together, and answers the others. */
  private final class Scripted extends SamplingServiceImplBase {
    @Override
    public void listModels(
        ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
      if (calls.incrementAndGet() <= broken) {
        responses.onError(end.asRuntimeException(details));
        return;
      }
      responses.onNext(
          ListModelsResponse.newBuilder().addModels(ModelInfo.getDefaultInstance()).build());
      responses.onCompleted();
    }

    @Override
    public void sampleStream(
        SampleStreamRequest request, StreamObserver<SampleStreamResponse> responses) {
      responses.onNext(
          SampleStreamResponse.newBuilder().setStarted(Started.getDefaultInstance()).build());
      if (calls.incrementAndGet() <= broken) {
        responses.onError(end.asRuntimeException(details));
        return;
      }
      responses.onCompleted();
    }
  }

  private final List<Server> servers = new ArrayList<>();
  private final AtomicInteger calls = new AtomicInteger();
  private int broken = 1;
  private Metadata details = new Metadata();
  private Status end = Status.UNKNOWN.withDescription("channel closed");

  @BeforeEach
  void start() throws IOException {
    for (int i = 0; i < 2; i++) {
      servers.add(
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .addService(new Scripted())
              .addService(new HealthStatusManager().getHealthService())
              .build()
              .start());
    }
  }

  @AfterEach
  void stop() {
    servers.forEach(Server::shutdownNow);
  }

  private SamplingClient client(int attempts) {
    List<String> targets = servers.stream().map(s -> "127.0.0.1:" + s.getPort()).toList();
    return SamplingClient.connect(
        ClientOptions.of(String.join(",", targets)).withAttempts(attempts));
  }

  @Test
  void aCallWhoseConnectionEndsWhileItIsSentIsAskedAgain() {
    broken = 2;
    try (SamplingClient client = client(3)) {
      assertThat(client.models()).hasSize(1);
    }
    assertThat(calls).hasValue(3);
  }

  @Test
  void aCallWhoseConnectionEndsWhileItIsAnsweredIsAskedAgain() {
    for (Status lost : List.of(end, Status.UNAVAILABLE)) {
      end = lost;
      broken = 2;
      calls.set(0);
      try (SamplingClient client = client(3)) {
        assertThat(client.sample(Query.of("clothes", 1, 1), List.of(), NOBODY).pictures())
            .isEmpty();
      }
      assertThat(calls).as(lost.toString()).hasValue(3);
    }
  }

  @Test
  void noCallIsAskedMoreOftenThanTheClientWants() {
    broken = Integer.MAX_VALUE;
    try (SamplingClient client = client(3)) {
      assertThatThrownBy(client::models).hasMessage("UNKNOWN: channel closed");
      assertThat(calls).hasValue(3);
      assertThatThrownBy(() -> client.sample(Query.of("clothes", 1, 1), List.of(), NOBODY))
          .hasMessage("UNKNOWN: channel closed");
      assertThat(calls).hasValue(6);
    }
  }

  @Test
  void aServerSaysWhenToAskAgain() {
    end = Status.UNAVAILABLE.withDescription("full");
    details = retryAfter(Duration.ofMillis(300));
    try (SamplingClient client = client(3)) {
      long begin = System.nanoTime();
      var unused = client.sample(Query.of("clothes", 1, 1), List.of(), NOBODY);
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isGreaterThanOrEqualTo(Duration.ofMillis(300));
      assertThat(calls).hasValue(2);

      details = retryAfter(Duration.ofHours(1)); // when it would be late
      calls.set(0);
      Query query = Query.of("clothes", 1, 1).with(Handling.within(Duration.ofMinutes(1)));
      assertThatThrownBy(() -> client.sample(query, List.of(), NOBODY))
          .hasMessage("UNAVAILABLE: full");
      assertThat(calls).hasValue(1);
    }
  }

  private static Metadata retryAfter(Duration delay) {
    com.google.protobuf.Duration seconds =
        com.google.protobuf.Duration.newBuilder()
            .setSeconds(delay.getSeconds())
            .setNanos(delay.getNano())
            .build();
    var status =
        com.google.rpc.Status.newBuilder()
            .setCode(Status.Code.UNAVAILABLE.value())
            .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(seconds).build()))
            .build();
    return Objects.requireNonNull(StatusProto.toStatusRuntimeException(status).getTrailers());
  }

  @Test
  void whatAServerRefusesIsNotAskedAgain() {
    end = Status.INVALID_ARGUMENT.withDescription("no");
    try (SamplingClient client = client(3)) {
      assertThatThrownBy(client::models).hasMessage("INVALID_ARGUMENT: no");
      calls.set(0);
      assertThatThrownBy(() -> client.sample(Query.of("clothes", 1, 1), List.of(), NOBODY))
          .hasMessage("INVALID_ARGUMENT: no");
    }
    assertThat(calls).hasValue(1);
  }
}
