package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.batch.Gate;
import inference.GRPCInferenceServiceGrpc;
import inference.ModelInferRequest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorflow.serving.ModelConfig;
import tensorflow.serving.ModelConfigList;
import tensorflow.serving.ModelServerConfig;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictionServiceGrpc;
import tensorflow.serving.ReloadConfigRequest;

/** Calls that end by an error of the machine give their model back: else it is never unloaded. */
class LeaseTest {
  @Test
  void forWantOfMemoryToo(@TempDir Path root) throws Exception {
    try (ServerFixture fixture = ServerFixture.onSocket(root);
        SamplingClient client = fixture.client()) {
      var inference = GRPCInferenceServiceGrpc.newBlockingStub(fixture.channel);
      var prediction = PredictionServiceGrpc.newBlockingStub(fixture.channel);
      fixture.clothes.onSpec(
          () -> {
            throw new OutOfMemoryError("as a test has it");
          });
      fails(() -> client.sample(SamplingClient.Query.of("clothes", 1, 1)));
      fails(
          () ->
              prediction.predict(
                  PredictRequest.newBuilder()
                      .setModelSpec(ModelSpec.newBuilder().setName("clothes"))
                      .build()));
      fails(
          () ->
              inference.modelInfer(ModelInferRequest.newBuilder().setModelName("clothes").build()));
      fixture.clothes.onSpec(() -> {});

      ModelConfigList others =
          ModelConfigList.newBuilder().addConfig(ModelConfig.newBuilder().setName("faces")).build();
      var unused =
          ModelServiceGrpc.newFutureStub(fixture.channel)
              .handleReloadConfigRequest(
                  ReloadConfigRequest.newBuilder()
                      .setConfig(ModelServerConfig.newBuilder().setModelConfigList(others))
                      .build());

      long end = System.nanoTime() + Gate.PATIENCE.toNanos();
      while (!fixture.clothes.isClosed() && System.nanoTime() - end < 0) {
        Thread.sleep(5);
      }
      assertThat(fixture.clothes.isClosed()).isTrue();
    }
  }

  private static void fails(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfAny(StatusRuntimeException.class, RemoteFailureException.class);
  }
}
