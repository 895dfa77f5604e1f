package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.model.Trajectory;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.Gate;
import ddim.serve.batch.SystemTime;
import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.InferParameter;
import inference.InferTensorContents;
import inference.ModelConfig;
import inference.ModelConfigRequest;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import inference.ModelInferRequest.InferRequestedOutputTensor;
import inference.ModelInferResponse;
import inference.ModelMetadataRequest;
import inference.ModelMetadataResponse;
import inference.ModelReadyRequest;
import inference.ModelStatistics;
import inference.ModelStatisticsRequest;
import inference.ModelStreamInferResponse;
import inference.RepositoryIndexRequest;
import inference.ServerLiveRequest;
import inference.ServerMetadataRequest;
import inference.ServerReadyRequest;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The Open Inference Protocol: the same pictures as ours, and Triton's errors. */
class InferenceServiceTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  @TempDir private static Path root;
  private static ServerFixture fixture;
  private static FakeModel model;

  @BeforeAll
  static void start() {
    fixture = ServerFixture.onSocket(root);
    model = fixture.clothes;
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @Test
  void thePicturesAreThoseOfTheModel() {
    ModelInferResponse reply = stub().modelInfer(images("a").build());

    assertThat(reply.getId()).isEqualTo("a");
    assertThat(reply.getModelName()).isEqualTo("clothes");
    assertThat(reply.getModelVersion()).isEqualTo("3");
    assertThat(reply.getOutputsList())
        .extracting(ModelInferResponse.InferOutputTensor::getName)
        .containsExactly("images", "x0");
    assertThat(reply.getOutputs(0).getDatatype()).isEqualTo("UINT8");
    assertThat(reply.getOutputs(1).getShapeList()).containsExactly(2L, 2L, 3L, 1L);
    assertThat(reply.getRawOutputContents(0).size()).isEqualTo(12);
    assertThat(floats(reply.getRawOutputContents(1), 1)).isEqualTo(image(8, 20, 1));
  }

  @Test
  void typedContentsAndParametersInPlaceOfInputsAreTaken() {
    ModelInferRequest request =
        ModelInferRequest.newBuilder()
            .setModelName("clothes")
            .setModelVersion("3")
            .addInputs(
                InferInputTensor.newBuilder()
                    .setName("seed")
                    .setDatatype("INT64")
                    .addShape(2)
                    .setContents(
                        InferTensorContents.newBuilder().addInt64Contents(7).addInt64Contents(8)))
            .putParameters("steps", InferParameter.newBuilder().setInt64Param(20).build())
            .putParameters("eta", InferParameter.newBuilder().setDoubleParam(1).build())
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("x0"))
            .build();

    ModelInferResponse reply = stub().modelInfer(request);

    assertThat(reply.getOutputsCount()).isEqualTo(1);
    assertThat(floats(reply.getRawOutputContents(0), 0)).isEqualTo(image(7, 20, 1));
    assertThat(floats(reply.getRawOutputContents(0), 1)).isEqualTo(image(8, 20, 1));
  }

  @Test
  void aParameterChoosesTheSignature() {
    ModelInferRequest request =
        ModelInferRequest.newBuilder()
            .setModelName("clothes")
            .putParameters("signature", text("latent"))
            .addInputs(input("seed", "INT64", 1))
            .addRawInputContents(longs(8))
            .build();

    ModelInferResponse reply = stub().modelInfer(request);

    assertThat(floats(reply.getRawOutputContents(0), 0)).isEqualTo(model.latent(8));
  }

  static Stream<Arguments> mistakes() {
    String request = "[request id: m] ";
    return Stream.of(
        mistake(
            r -> r.setModelName("hats"),
            Code.NOT_FOUND,
            "Request for unknown model: 'hats' is not found"),
        mistake(
            r -> r.setModelVersion("9"),
            Code.NOT_FOUND,
            "Request for unknown model: 'clothes' version 9 is not found"),
        mistake(
            r -> r.setModelVersion("new"),
            Code.INVALID_ARGUMENT,
            "failed to get model version from specified version string 'new' (details: stol),"
                + " version should be an integral value > 0"),
        mistake(
            r -> r.setModelVersion("-1"),
            Code.INVALID_ARGUMENT,
            "invalid model version specified '-1' , version should be an integral value > 0"),
        mistake(
            r ->
                r.removeInputs(2)
                    .clearRawInputContents()
                    .addRawInputContents(longs(7, 8))
                    .addRawInputContents(ints(1, 1)),
            Code.INVALID_ARGUMENT,
            request
                + "expected 3 inputs but got 2 inputs for model 'clothes'. Got input(s)"
                + " ['seed','steps'], but missing required input(s) ['eta']. Please provide all"
                + " required input(s)."),
        mistake(
            r -> r.getInputsBuilder(0).setName("sed"),
            Code.INVALID_ARGUMENT,
            "unexpected inference input 'sed' for model 'clothes'"),
        mistake(
            r -> r.getInputsBuilder(1).setName("seed"),
            Code.INVALID_ARGUMENT,
            request + "input 'seed' already exists in request"),
        mistake(
            r -> r.getInputsBuilder(0).setDatatype("INT32"),
            Code.INVALID_ARGUMENT,
            request
                + "inference input 'seed' data-type is 'INT32', but model 'clothes' expects"
                + " 'INT64'"),
        mistake(
            r -> r.getInputsBuilder(0).addShape(1),
            Code.INVALID_ARGUMENT,
            request
                + "unexpected shape for input 'seed' for model 'clothes'. Expected [-1], got"
                + " [2,1]."),
        mistake(
            r -> r.getInputsBuilder(0).clearShape(),
            Code.INVALID_ARGUMENT,
            request + "input 'seed' has no shape but model requires batch dimension for 'clothes'"),
        mistake(
            r -> r.getInputsBuilder(1).setShape(0, 3),
            Code.INVALID_ARGUMENT,
            request + "input 'steps' batch size does not match other inputs for 'clothes'"),
        mistake(
            r -> r.getInputsBuilder(0).setShape(0, Long.MAX_VALUE),
            Code.INVALID_ARGUMENT,
            request + "inference request batch-size must be <= 256 for 'clothes'"),
        mistake(
            r -> r.setRawInputContents(0, longs(7)),
            Code.INVALID_ARGUMENT,
            request
                + "input byte size mismatch for input 'seed' for model 'clothes'. Expected 16,"
                + " got 8"),
        mistake(
            r -> r.clearRawInputContents().addRawInputContents(longs(7, 8)),
            Code.INVALID_ARGUMENT,
            "unable to find data for input tensor 'steps' for model 'clothes' in request."),
        mistake(
            r -> r.getInputsBuilder(0).getContentsBuilder().addInt64Contents(7),
            Code.INVALID_ARGUMENT,
            "contents field must not be specified when using raw_input_contents for 'seed' for"
                + " model 'clothes'"),
        mistake(
            r -> r.addOutputs(InferRequestedOutputTensor.newBuilder().setName("picture")),
            Code.INVALID_ARGUMENT,
            "unexpected inference output 'picture' for model 'clothes'"),
        mistake(
            r -> r.putParameters("timeout", text("soon")),
            Code.INVALID_ARGUMENT,
            "invalid value type for 'timeout' parameter, expected int64_param."),
        mistake(
            r ->
                r.putParameters("signature", text("trajectory"))
                    .putParameters("preview_after", text("2,5")),
            Code.INVALID_ARGUMENT,
            "parameter 'preview_after' must be absent for signature 'trajectory', which gives no"
                + " images, is [2, 5]"),
        mistake(
            r ->
                r.putParameters(
                    "steps", InferParameter.newBuilder().setInt64Param(1L << 32).build()),
            Code.INVALID_ARGUMENT,
            "parameter 'steps' must be a number of 32 bits, is 4294967296"),
        mistake(
            r -> r.putParameters("triton_x", text("")),
            Code.INVALID_ARGUMENT,
            "parameter keys starting with 'triton_' are reserved for Triton usage. Only the"
                + " following keys starting with 'triton_' are allowed:"
                + " triton_enable_empty_final_response"),
        mistake(
            r -> r.setRawInputContents(1, ints(10, 2000)),
            Code.INVALID_ARGUMENT,
            request
                + "row 1: steps must be from 1 to 1000 (the model's number of noise levels), is"
                + " 2000"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeGetsTheWordsOfTriton(
      Consumer<ModelInferRequest.Builder> mistake, Code code, String message) {
    ModelInferRequest.Builder request = images("m");
    mistake.accept(request);

    assertThatThrownBy(() -> stub().modelInfer(request.build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getDescription()).isEqualTo(message);
              assertThat(e.getStatus().getCode()).isEqualTo(code);
            });
  }

  @Test
  void aStreamAnswersInOrderWithErrorsAndPreviewsAmongTheReplies() throws Exception {
    Replies replies = new Replies();
    var requests = GRPCInferenceServiceGrpc.newStub(fixture.channel).modelStreamInfer(replies);

    requests.onNext(images("one").putParameters("preview_after", text("2,15")).build());
    requests.onNext(images("two").setModelName("hats").build());
    requests.onNext(images("three").build());
    requests.onCompleted();

    List<ModelInferResponse> previews =
        Stream.of(replies.next(), replies.next(), replies.next())
            .map(ModelStreamInferResponse::getInferResponse)
            .toList();
    assertThat(previews)
        .allSatisfy(
            preview -> {
              assertThat(preview.getId()).isEqualTo("one");
              assertThat(isFinal(preview)).isFalse();
              int row = (int) preview.getParametersOrThrow("row").getInt64Param();
              int steps = (int) preview.getParametersOrThrow("steps").getInt64Param();
              assertThat(floats(preview.getRawOutputContents(1), 0))
                  .isEqualTo(predicted(7 + row, row == 0 ? 10 : 20, row, steps));
            });
    ModelStreamInferResponse one = replies.next();
    assertThat(isFinal(one.getInferResponse())).isTrue();
    assertThat(floats(one.getInferResponse().getRawOutputContents(1), 0))
        .isEqualTo(image(7, 10, 0));
    ModelStreamInferResponse two = replies.next();
    assertThat(two.getErrorMessage()).isEqualTo("Request for unknown model: 'hats' is not found");
    assertThat(two.getInferResponse().getId()).isEqualTo("two");
    assertThat(replies.next().getInferResponse().getId()).isEqualTo("three");
    assertThat(replies.ended()).isTrue();
  }

  @Test
  void aRequestThatWaitsTooLongInTheQueueIsGivenUpAndOneThatRunsIsNot(@TempDir Path folder)
      throws Exception {
    try (SystemTime time = new SystemTime();
        ServerFixture slow =
            ServerFixture.onSocket(folder, ServerOptions.defaults(), BatcherOptions.of(4), time)) {
      Gate gate = new Gate();
      slow.clothes.onCall(call -> gate.pass());
      Replies replies = new Replies();
      var requests = GRPCInferenceServiceGrpc.newStub(slow.channel).modelStreamInfer(replies);
      InferParameter halfASecond = InferParameter.newBuilder().setInt64Param(500_000).build();

      requests.onNext(images("running").build());
      gate.awaitCall();
      requests.onNext(
          images("waiting")
              .clearInputs()
              .clearRawInputContents()
              .addInputs(input("seed", "INT64", 1))
              .addRawInputContents(longs(1))
              .putParameters("steps", InferParameter.newBuilder().setInt64Param(1).build())
              .putParameters("eta", InferParameter.newBuilder().setInt64Param(0).build())
              .putParameters("timeout", halfASecond)
              .build());
      TimeUnit.SECONDS.sleep(2); // the order of replies is that of the requests
      gate.open();

      assertThat(replies.next().getInferResponse().getId()).isEqualTo("running");
      assertThat(replies.next().getErrorMessage())
          .isEqualTo("[request id: waiting] Request timeout expired");
      InferParameter tenMinutes = InferParameter.newBuilder().setInt64Param(600_000_000).build();
      requests.onNext(images("next").putParameters("timeout", tenMinutes).build());
      assertThat(replies.next().getErrorMessage()).isEmpty();
      requests.onCompleted();
    }
  }

  @Test
  void statisticsCountWhatAVersionHasDone() {
    ModelStatistics before = statistics();
    stub().modelInfer(images("one").build());
    stub().modelInfer(images("two").build());

    ModelStatistics after = statistics();

    // The same for all tests of this class, which run one after the other.
    assertThat(after.getInferenceCount() - before.getInferenceCount()).isEqualTo(4);
    assertThat(after.getInferenceStats().getSuccess().getCount())
        .isEqualTo(before.getInferenceStats().getSuccess().getCount() + 2);
    assertThat(after.getInferenceStats().getSuccess().getNs()).isPositive();
    assertThat(after.getExecutionCount()).isGreaterThan(before.getExecutionCount());
    assertThat(after.getBatchStatsList())
        .anySatisfy(batch -> assertThat(batch.getBatchSize()).isEqualTo(2));
    assertThat(after.getLastInference()).isPositive();
    assertThatThrownBy(
            () ->
                stub().modelStatistics(ModelStatisticsRequest.newBuilder().setName("hats").build()))
        .hasMessage("NOT_FOUND: Request for unknown model: 'hats' is not found");
  }

  private static ModelStatistics statistics() {
    return stub()
        .modelStatistics(ModelStatisticsRequest.newBuilder().setName("clothes").build())
        .getModelStats(0);
  }

  @Test
  void theServerAndItsModelsAreDescribed() {
    assertThat(stub().serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
    assertThat(stub().serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
    assertThat(ready("clothes", "")).isTrue();
    assertThat(ready("clothes", "9")).isFalse();
    assertThat(ready("hats", "")).isFalse();
    assertThat(stub().serverMetadata(ServerMetadataRequest.getDefaultInstance()).getName())
        .isEqualTo("ddim-java");

    ModelMetadataResponse metadata =
        stub().modelMetadata(ModelMetadataRequest.newBuilder().setName("clothes").build());
    assertThat(metadata.getVersionsList()).containsExactly("3");
    assertThat(metadata.getInputsList())
        .extracting(t -> t.getName() + " " + t.getDatatype() + t.getShapeList())
        .containsExactly("seed INT64[-1]", "steps INT32[-1]", "eta FP32[-1]");
    assertThat(metadata.getPropertiesOrThrow("signature.predict_noise"))
        .isEqualTo("x FP32[-1, 2, 3, 1], t INT32[-1] -> eps FP32[-1, 2, 3, 1]");

    ModelConfig config =
        stub().modelConfig(ModelConfigRequest.newBuilder().setName("clothes").build()).getConfig();
    assertThat(config.getMaxBatchSize()).isEqualTo(256);
    assertThat(config.getDynamicBatching().getPreferredBatchSizeList()).containsExactly(1, 2, 4);
    assertThat(config.getOutput(0).getDimsList()).containsExactly(2L, 3L, 1L);

    assertThat(stub().repositoryIndex(RepositoryIndexRequest.getDefaultInstance()).getModelsList())
        .extracting(m -> m.getName() + " " + m.getVersion() + " " + m.getState())
        .containsExactly("clothes 3 READY", "faces 1 READY", "spectra 1 READY");
  }

  @Test
  void theConfigurationHasTheBatchSizesThatTheSweepLeft(@TempDir Path folder) {
    FakeTime time = new FakeTime();
    BatcherOptions options = BatcherOptions.of(8).withSweep(true).withPriorityLevels(3, 2);
    try (ServerFixture swept =
        ServerFixture.inProcess(
            folder, options, time, call -> time.advance(Duration.ofMillis(call.batchSize())))) {
      ModelConfig config =
          GRPCInferenceServiceGrpc.newBlockingStub(swept.channel)
              .modelConfig(ModelConfigRequest.newBuilder().setName("clothes").build())
              .getConfig();

      assertThat(config.getDynamicBatching().getPreferredBatchSizeList()).containsExactly(1);
      assertThat(config.getDynamicBatching().getPriorityLevels()).isEqualTo(3);
      assertThat(config.getDynamicBatching().getDefaultPriorityLevel()).isEqualTo(2);
    }
  }

  private static boolean ready(String name, String version) {
    return stub()
        .modelReady(ModelReadyRequest.newBuilder().setName(name).setVersion(version).build())
        .getReady();
  }

  private static GRPCInferenceServiceBlockingStub stub() {
    return GRPCInferenceServiceGrpc.newBlockingStub(fixture.channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  /** Seeds 7 and 8, of 10 steps and eta 0, and of 20 and 1. */
  private static ModelInferRequest.Builder images(String id) {
    ByteBuffer etas = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    etas.putFloat(0).putFloat(1);
    return ModelInferRequest.newBuilder()
        .setModelName("clothes")
        .setId(id)
        .addInputs(input("seed", "INT64", 2))
        .addInputs(input("steps", "INT32", 2))
        .addInputs(input("eta", "FP32", 2))
        .addRawInputContents(longs(7, 8))
        .addRawInputContents(ints(10, 20))
        .addRawInputContents(ByteString.copyFrom(etas.array()));
  }

  private static Arguments mistake(
      Consumer<ModelInferRequest.Builder> change, Code code, String message) {
    return Arguments.of(change, code, message);
  }

  private static InferInputTensor.Builder input(String name, String type, long rows) {
    return InferInputTensor.newBuilder().setName(name).setDatatype(type).addShape(rows);
  }

  private static InferParameter text(String value) {
    return InferParameter.newBuilder().setStringParam(value).build();
  }

  private static ByteString longs(long... values) {
    ByteBuffer data = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asLongBuffer().put(values);
    return ByteString.copyFrom(data.array());
  }

  private static ByteString ints(int... values) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asIntBuffer().put(values);
    return ByteString.copyFrom(data.array());
  }

  /** One image of grey 2 x 3 pixels. */
  private static float[] floats(ByteString raw, int row) {
    float[] values = new float[6];
    raw.asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .position(6 * row)
        .get(values);
    return values;
  }

  private static boolean isFinal(ModelInferResponse reply) {
    return reply.getParametersOrThrow("triton_final_response").getBoolParam();
  }

  private static float[] image(long seed, int steps, double eta) {
    return model.image(seed, Sampler.ddim(steps, eta).table(SCHEDULE));
  }

  private static float[] predicted(long seed, int steps, double eta, int taken) {
    Trajectory row =
        new Trajectory(seed, model.latent(seed), Sampler.ddim(steps, eta).table(SCHEDULE));
    model.advance(List.of(row), taken, 1, null);
    return row.x0();
  }

  private static final class Replies implements StreamObserver<ModelStreamInferResponse> {
    private final BlockingQueue<ModelStreamInferResponse> all = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> end = new LinkedBlockingQueue<>();

    ModelStreamInferResponse next() throws InterruptedException {
      ModelStreamInferResponse reply = all.poll(60, TimeUnit.SECONDS);
      assertThat(reply).isNotNull();
      return reply;
    }

    boolean ended() throws InterruptedException {
      return Boolean.TRUE.equals(end.poll(60, TimeUnit.SECONDS)) && all.isEmpty();
    }

    @Override
    public void onNext(ModelStreamInferResponse reply) {
      all.add(reply);
    }

    @Override
    public void onError(Throwable error) {
      end.add(false);
    }

    @Override
    public void onCompleted() {
      end.add(true);
    }
  }
}
