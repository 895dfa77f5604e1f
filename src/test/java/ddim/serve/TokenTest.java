package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Empty;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.SystemTime;
import ddim.serve.security.Authorization.Decision;
import ddim.serve.security.SecurityOptions;
import ddim.v1.SamplingServiceGrpc;
import inference.GRPCInferenceServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.PredictionServiceGrpc;

/** Who may call, over real sockets. */
class TokenTest {
  private static final Duration OFTEN = Duration.ofMillis(20);
  private static final String ALICE = "alices-token-0123456789";
  private static final String BOB = "bobs-token-0123456789";

  @TempDir private Path root;
  @TempDir private Path files;
  private Path tokens;

  @BeforeEach
  void writeTokens() throws IOException {
    tokens = Files.writeString(files.resolve("tokens"), "# clients\nalice " + ALICE + "\n\n");
  }

  @Test
  void aTokenIsNeededAndOneOfTheFileWillDo() throws IOException {
    try (ServerFixture server = start(SecurityOptions.NONE.withTokens(tokens));
        SamplingClient alice = client(server, ALICE);
        SamplingClient bob = client(server, BOB);
        SamplingClient nobody = server.client()) {
      assertThat(alice.models()).isNotEmpty();
      assertThatThrownBy(bob::models).hasMessage("UNAUTHENTICATED: the token is not known");
      assertThatThrownBy(nobody::models)
          .hasMessage(
              "UNAUTHENTICATED: a token is needed: the header 'authorization: Bearer TOKEN'");
    }
  }

  @Test
  void noMethodOfAnyProtocolIsOpen() {
    var services =
        List.of(
            SamplingServiceGrpc.getServiceDescriptor(),
            PredictionServiceGrpc.getServiceDescriptor(),
            ModelServiceGrpc.getServiceDescriptor(),
            GRPCInferenceServiceGrpc.getServiceDescriptor(),
            ServerReflectionGrpc.getServiceDescriptor());
    try (ServerFixture server = start(SecurityOptions.NONE.withTokens(tokens))) {
      for (ServiceDescriptor service : services) {
        for (MethodDescriptor<?, ?> method : service.getMethods()) {
          assertThat(codeOfAnEmptyCall(server, method))
              .as(method.getFullMethodName())
              .isEqualTo(Status.Code.UNAUTHENTICATED);
        }
      }
    }
  }

  private static Status.Code codeOfAnEmptyCall(
      ServerFixture server, MethodDescriptor<?, ?> method) {
    MethodDescriptor<Empty, Empty> untyped =
        MethodDescriptor.<Empty, Empty>newBuilder()
            .setType(MethodType.SERVER_STREAMING)
            .setFullMethodName(method.getFullMethodName())
            .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .build();
    try {
      var options = CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS);
      ClientCalls.blockingServerStreamingCall(
              server.channel, untyped, options, Empty.getDefaultInstance())
          .forEachRemaining(reply -> {});
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  @Test
  void probesNeedNone() {
    try (ServerFixture server = start(SecurityOptions.NONE.withTokens(tokens))) {
      var health = HealthGrpc.newBlockingStub(server.channel);
      assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void aFileThatChangesIsReadAgainAndABrokenOneIsNot() throws Exception {
    var security = SecurityOptions.NONE.withTokens(tokens).withReloadEvery(OFTEN);
    try (ServerFixture server = start(security);
        SamplingClient alice = client(server, ALICE);
        SamplingClient bob = client(server, BOB)) {
      Files.writeString(tokens, "alice\n");
      Thread.sleep(5 * OFTEN.toMillis()); // whether it was looked at by now or not
      assertThat(alice.models()).isNotEmpty();

      Files.writeString(tokens, "bob " + BOB);
      for (int i = 0; i < 2000 && isRefused(bob); i++) {
        Thread.sleep(OFTEN.toMillis());
      }
      assertThat(bob.models()).isNotEmpty();
      assertThatThrownBy(alice::models).hasMessage("UNAUTHENTICATED: the token is not known");
    }
  }

  @Test
  void aWrongLineIsNamedAndNotQuoted() throws IOException {
    Files.writeString(tokens, "alice " + ALICE + "\nbob geheim\n");

    assertThatThrownBy(() -> start(SecurityOptions.NONE.withTokens(tokens)))
        .hasMessageEndingWith(
            tokens + ", line 2: must be NAME TOKEN, the token of at least 16 characters");

    Files.writeString(tokens, "alice " + ALICE + "\nalice " + BOB);
    assertThatThrownBy(() -> start(SecurityOptions.NONE.withTokens(tokens)))
        .hasMessageEndingWith(tokens + ", line 2: the name 'alice' is there twice");
  }

  @Test
  void aProgramMayDecide() throws IOException {
    var security =
        SecurityOptions.NONE.withAuthorization(
            attempt -> {
              if (attempt.method().equals("ddim.v1.SamplingService/ListModels")) {
                return new Decision.Allowed("everybody");
              }
              if (attempt.token().isPresent()) {
                throw new IllegalStateException("the decision fails");
              }
              return new Decision.Denied("only lists for " + attempt.address());
            });
    try (ServerFixture server = start(security);
        SamplingClient anybody = server.client();
        SamplingClient broken = client(server, ALICE)) {
      var query = SamplingClient.Query.of("clothes", 1, 1);
      assertThat(anybody.models()).isNotEmpty();
      assertThatThrownBy(() -> anybody.sample(query))
          .hasMessage("PERMISSION_DENIED: only lists for 127.0.0.1");
      assertThatThrownBy(() -> broken.sample(query))
          .hasMessage("INTERNAL: the server could not decide about this call");
    }
  }

  private static boolean isRefused(SamplingClient client) {
    try {
      client.models();
      return false;
    } catch (RemoteFailureException e) {
      return true;
    }
  }

  private ServerFixture start(SecurityOptions security) {
    return ServerFixture.onSocket(
        root, ServerOptions.defaults().with(security), BatcherOptions.of(4), new SystemTime());
  }

  private SamplingClient client(ServerFixture server, String token) throws IOException {
    Path file = Files.writeString(files.resolve(token.substring(0, 3)), token + "\n");
    return SamplingClient.connect(
        ClientOptions.of("127.0.0.1:" + server.server.port()).withTokenFile(file));
  }
}
