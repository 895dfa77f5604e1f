package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Any;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Gate;
import ddim.serve.batch.Job;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import ddim.serve.call.ClientLimits;
import ddim.serve.repository.Lease;
import ddim.serve.security.SecurityOptions;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes with every call: its id, its limits, its line in the log. */
class CallTest {
  private static final Metadata.Key<String> ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  @TempDir private Path root;
  private final AtomicReference<Metadata> trailers = new AtomicReference<>();

  @Test
  void theIdOfTheClientComesBack() {
    try (ServerFixture server = start(ServerOptions.defaults())) {
      stub(server, "abc-123").sample(request("clothes", 1));
      assertThat(trailers.get().get(ID)).isEqualTo("abc-123");

      stub(server, "not fit for a log: \"}").sample(request("clothes", 1));
      String made = trailers.get().get(ID);
      assertThat(made).matches("[0-9a-f-]{36}");

      stub(server, null).sample(request("clothes", 1));
      assertThat(trailers.get().get(ID)).matches("[0-9a-f-]{36}").isNotEqualTo(made);
    }
  }

  @Test
  void errorsHaveItBesidesTheirOwnDetails() throws Exception {
    try (ServerFixture server = start(ServerOptions.defaults())) {
      var error = fail(stub(server, "abc-123"), request("none", 1));

      assertThat(error.getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
      List<Any> details = StatusProto.fromThrowable(error).getDetailsList();
      assertThat(details).hasSize(2);
      assertThat(details.get(1).unpack(RequestInfo.class).getRequestId()).isEqualTo("abc-123");
    }
  }

  @Test
  void aClientHasSoManyCalls() throws Exception {
    Gate gate = new Gate();
    var limits = SecurityOptions.NONE.withLimits(new ClientLimits(1, 0));
    try (ServerFixture server = start(ServerOptions.defaults().with(limits))) {
      server.clothes.onCall(call -> gate.pass());
      var running = server.futureStub().sample(request("clothes", 1));
      gate.awaitCall();

      var error = fail(stub(server, null), request("clothes", 1));
      assertThat(error.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      assertThat(error).hasMessageContaining("127.0.0.1 has 1 calls open, of at most 1");
      assertThat(StatusProto.fromThrowable(error).getDetailsList())
          .anyMatch(detail -> detail.is(RetryInfo.class));
      assertThat(trailers.get().get(PUSHBACK)).isEqualTo("100");

      gate.open();
      running.get();
      awaitSuccess(() -> stub(server, null).sample(request("clothes", 1)));
    }
  }

  @Test
  void aClientHasSoManyImages() {
    var limits = SecurityOptions.NONE.withLimits(new ClientLimits(0, 0.01));
    try (ServerFixture server = start(ServerOptions.defaults().with(limits))) {
      stub(server, null).sample(request("clothes", 2));

      var error = fail(stub(server, null), request("clothes", 1));
      assertThat(error.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      assertThat(error).hasMessageContaining("asks for more than 0.01 images a second");
    }
  }

  @Test
  void whatTheFullQueueRefusesIsNotCounted() throws Exception {
    Gate gate = new Gate();
    var limits = SecurityOptions.NONE.withLimits(new ClientLimits(0, 0.01));
    try (ServerFixture server =
        ServerFixture.onSocket(
            root,
            ServerOptions.defaults().with(limits),
            BatcherOptions.of(1).withMaxEnqueuedBatches(1),
            new SystemTime())) {
      server.clothes.onCall(call -> gate.pass());
      Row row = row(server);
      try (Lease lease = server.lease("clothes")) {
        Job running = lease.batcher().submit(List.of(row), null);
        gate.awaitCall();
        Job waiting = lease.batcher().submit(List.of(row), null);
        for (int i = 0; i < 3; i++) {
          assertThat(fail(stub(server, null), request("clothes", 1)).getStatus().getCode())
              .isEqualTo(Code.UNAVAILABLE);
        }
        gate.open();
        running.result().get(20, TimeUnit.SECONDS);
        waiting.result().get(20, TimeUnit.SECONDS);
      }
      assertThat(stub(server, null).sample(request("clothes", 1)).getImagesCount()).isEqualTo(1);
      assertThat(fail(stub(server, null), request("clothes", 1)).getStatus().getCode())
          .isEqualTo(Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void whatHadToMakeWayIsNotCounted() throws Exception {
    Gate gate = new Gate();
    var limits = SecurityOptions.NONE.withLimits(new ClientLimits(0, 0.01));
    try (ServerFixture server =
        ServerFixture.onSocket(
            root,
            ServerOptions.defaults().with(limits),
            BatcherOptions.of(1).withMaxEnqueuedBatches(2),
            new SystemTime())) {
      server.clothes.onCall(call -> gate.pass());
      Row row = row(server);
      try (Lease lease = server.lease("clothes")) {
        Job running = lease.batcher().submit(List.of(row), null);
        gate.awaitCall();
        var waiting = server.futureStub().sample(request("clothes", 2));
        while (lease.batcher().waiting() < 2) {
          Thread.sleep(1);
        }
        Job newcomer = lease.batcher().submit(List.of(row), null);
        assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
            .hasMessageContaining("UNAVAILABLE");
        gate.open();
        running.result().get(20, TimeUnit.SECONDS);
        newcomer.result().get(20, TimeUnit.SECONDS);
      }
      assertThat(stub(server, null).sample(request("clothes", 1)).getImagesCount()).isEqualTo(1);
    }
  }

  private static Row row(ServerFixture server) {
    NoiseSchedule schedule = NoiseSchedule.of(server.clothes.spec().schedule());
    return new Row(1, null, Sampler.ddim(5, 0).table(schedule));
  }

  @Test
  void theLogHasALineForEachCall() throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try (ServerFixture server = start(ServerOptions.defaults().withAccessLog(true))) {
      Metadata secret = new Metadata();
      secret.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer geheim");
      stub(server, "abc-123")
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(secret))
          .sample(request("clothes", 3));
      fail(stub(server, "abc-124"), request("none", 1));
    } finally {
      System.setErr(before);
    }
    String text = log.toString(StandardCharsets.UTF_8);
    assertThat(text).doesNotContain("geheim");
    JsonNode good = line(text, "abc-123");
    assertThat(good.get("method").asText()).isEqualTo("ddim.v1.SamplingService/Sample");
    assertThat(good.get("peer").asText()).isEqualTo("127.0.0.1");
    assertThat(good.get("model").asText()).isEqualTo("clothes");
    assertThat(good.get("version").asLong()).isEqualTo(3);
    assertThat(good.get("images").asInt()).isEqualTo(3);
    assertThat(good.get("steps").asInt()).isEqualTo(15);
    assertThat(good.get("code").asText()).isEqualTo("OK");
    assertThat(good.get("duration_ms").asDouble()).isPositive();
    assertThat(good.get("queue_ms").asDouble()).isPositive();
    JsonNode bad = line(text, "abc-124");
    assertThat(bad.get("code").asText()).isEqualTo("NOT_FOUND");
    assertThat(bad.get("error").asText()).startsWith("there is no model 'none'");
    assertThat(bad.has("model")).isFalse();
  }

  @Test
  void clientLimitsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> new ClientLimits(-1, 0))
        .hasMessage("client_max_calls must not be negative, is -1");
    assertThatThrownBy(() -> new ClientLimits(0, Double.NaN))
        .hasMessage("client_images_per_second must be a number from 0 on, is NaN");
  }

  private static JsonNode line(String log, String id) throws Exception {
    Optional<String> line =
        log.lines().filter(l -> l.contains("ddim.access") && l.contains(id)).findFirst();
    assertThat(line).as(log).isPresent();
    return new ObjectMapper().readTree(line.get().substring(line.get().indexOf('{')));
  }

  /** A call counts until its end, which comes after its answer. */
  private static void awaitSuccess(Runnable call) throws InterruptedException {
    for (int i = 0; ; i++) {
      try {
        call.run();
        return;
      } catch (StatusRuntimeException e) {
        assertThat(i).as(e.getMessage()).isLessThan(200);
        Thread.sleep(50);
      }
    }
  }

  private ServerFixture start(ServerOptions options) {
    return ServerFixture.onSocket(root, options, BatcherOptions.of(4), new SystemTime());
  }

  private SamplingServiceBlockingStub stub(ServerFixture server, String id) {
    Metadata headers = new Metadata();
    if (id != null) {
      headers.put(ID, id);
    }
    return server
        .stub()
        .withInterceptors(
            MetadataUtils.newAttachHeadersInterceptor(headers),
            MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers));
  }

  private static StatusRuntimeException fail(
      SamplingServiceBlockingStub stub, SampleRequest request) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> stub.sample(request));
  }

  private static SampleRequest request(String model, int count) {
    return SampleRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName(model))
        .setCount(count)
        .setSteps(5)
        .build();
  }
}
