package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import com.google.protobuf.Int64Value;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.Solver;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.Trajectory;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.FakeModel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
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
import tensorflow.DataType;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;
import tensorflow.serving.GetModelMetadataRequest;
import tensorflow.serving.GetModelStatusRequest;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.ModelVersionStatus.State;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictResponse;
import tensorflow.serving.PredictionServiceGrpc;
import tensorflow.serving.PredictionServiceGrpc.PredictionServiceBlockingStub;
import tensorflow.serving.SignatureDefMap;

/** TensorFlow Serving's protocol: the same pictures as ours, and its errors. */
class PredictionServiceTest {
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
  void thePicturesAreThoseOfOurOwnService() {
    PredictResponse reply = stub().predict(images().build());

    try (SamplingClient client = fixture.client()) {
      float[] ours =
          client
              .sample(Query.of("clothes", 8, 1).withSteps(20).withEta(1))
              .pictures()
              .get(0)
              .pixels();
      assertThat(row(reply, "x0", 1)).isEqualTo(ours);
      assertThat(reply.getOutputsOrThrow("images").getTensorContent().substring(0, 6).toByteArray())
          .isEqualTo(pixels(model.image(7, Sampler.ddim(10, 0).table(SCHEDULE))));
    }
    assertThat(shape(reply.getOutputsOrThrow("images"))).containsExactly(2L, 2L, 3L, 1L);
    assertThat(reply.getModelSpec())
        .isEqualTo(
            ModelSpec.newBuilder()
                .setName("clothes")
                .setVersion(Int64Value.of(3))
                .setSignatureName("serving_default")
                .build());
  }

  @Test
  void typedValuesGoOnWithTheLastOne() {
    PredictRequest typed =
        request("serving_default")
            .putInputs("seed", tensor(DataType.DT_INT64, 2).addInt64Val(7).addInt64Val(8).build())
            .putInputs("steps", tensor(DataType.DT_INT32, 2).addIntVal(10).build())
            .putInputs("eta", tensor(DataType.DT_FLOAT, 2).build()) // nothing is zeros
            .addOutputFilter("x0")
            .build();

    PredictResponse reply = stub().predict(typed);

    StepTable table = Sampler.ddim(10, 0).table(SCHEDULE);
    assertThat(reply.getOutputsMap().keySet()).containsExactly("x0");
    assertThat(row(reply, "x0", 0)).isEqualTo(model.image(7, table));
    assertThat(row(reply, "x0", 1)).isEqualTo(model.image(8, table));
  }

  @Test
  void latentsAndSamplesAreTheTwoHalvesOfServingDefault() {
    PredictResponse latent =
        stub().predict(request("latent").putInputs("seed", longs(7, 8)).build());
    assertThat(row(latent, "x_T", 1)).isEqualTo(model.latent(8));

    PredictResponse reply =
        stub()
            .predict(
                request("sample")
                    .putInputs("x_T", latent.getOutputsOrThrow("x_T"))
                    .putInputs("steps", ints(10, 5))
                    .build());

    assertThat(row(reply, "x0", 0)).isEqualTo(model.image(7, Sampler.ddim(10, 0).table(SCHEDULE)));
    assertThat(row(reply, "x0", 1)).isEqualTo(model.image(8, Sampler.ddim(5, 0).table(SCHEDULE)));
  }

  @Test
  void theNoiseIsWhatTheNetworkPredicts() {
    float[] x = model.latent(3);

    PredictResponse reply =
        stub()
            .predict(
                request("predict_noise")
                    .putInputs("x", floats(x, 1, 2, 3, 1))
                    .putInputs("t", ints(500))
                    .build());

    float[] eps = row(reply, "eps", 0);
    for (int i = 0; i < x.length; i++) {
      assertThat(eps[i]).isEqualTo((float) (0.9 * x[i] + 1e-4 * 500));
    }
  }

  @Test
  void aTrajectoryMayBeTakenInPieces() {
    StepTable table = Preset.DDIM.builder(10).solver(Solver.IPNDM).build().table(SCHEDULE);
    float[] clip = {(float) table.clipping().range(), (float) table.clipping().quantile()};
    TensorProto x = floats(model.latent(5), 1, 2, 3, 1);
    TensorProto history = floats(new float[18], 1, 3, 2, 3, 1);
    PredictResponse reply = PredictResponse.getDefaultInstance();
    for (int from = 0; from < 12; from += 4) { // the last piece ends with padding
      reply =
          stub()
              .predict(
                  request("trajectory")
                      .putInputs("x", x)
                      .putInputs("seed", longs(5))
                      .putInputs("timestep", timesteps(table, from, 4))
                      .putInputs("table", numbers(table, from, 4))
                      .putInputs("clip", floats(clip, 1, 2))
                      .putInputs("history", history)
                      .build());
      x = reply.getOutputsOrThrow("x");
      history = reply.getOutputsOrThrow("history");
    }

    Trajectory whole = new Trajectory(5, model.latent(5), table);
    model.advance(List.of(whole), 10, 1, null);
    // The table travels as float32, which the fake model would have in float64.
    assertThat(row(reply, "x", 0)).containsExactly(whole.x(), within(1e-5f));
    assertThat(row(reply, "x0", 0)).containsExactly(whole.x0(), within(1e-5f));
    assertThat(row(reply, "history", 0)).containsExactly(whole.history(), within(1e-5f));
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        mistake(r -> r.clearModelSpec(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
        mistake(
            r -> r.getModelSpecBuilder().setName("hats"),
            Code.NOT_FOUND,
            "Servable not found for request: Latest(hats)"),
        mistake(
            r -> r.getModelSpecBuilder().setVersion(Int64Value.of(9)),
            Code.NOT_FOUND,
            "Servable not found for request: Specific(clothes, 9)"),
        mistake(
            r -> r.getModelSpecBuilder().setVersionLabel("canary"),
            Code.INVALID_ARGUMENT,
            "Unrecognized servable version label: canary"),
        mistake(
            r -> r.getModelSpecBuilder().setSignatureName("paint"),
            Code.FAILED_PRECONDITION,
            "Serving signature key \"paint\" not found."),
        mistake(
            r -> r.removeInputs("eta").removeInputs("seed").putInputs("sed", longs(1)),
            Code.INVALID_ARGUMENT,
            "input size does not match signature: 2!=3 len({sed,steps}) != len({eta,seed,steps})."
                + " Sent extra: {sed}. Missing but required: {eta,seed}."),
        mistake(
            r -> r.removeInputs("seed").putInputs("sed", longs(1, 2)),
            Code.INVALID_ARGUMENT,
            "input tensor alias not found in signature: sed. Inputs expected to be in the set"
                + " {eta,seed,steps}."),
        mistake(
            r -> r.addOutputFilter("picture"),
            Code.INVALID_ARGUMENT,
            "output tensor alias not found in signature: picture Outputs expected to be in the set"
                + " {images,x0}."),
        mistake(
            r -> r.addOutputFilter("x0").addOutputFilter("x0"),
            Code.INVALID_ARGUMENT,
            "duplicate output tensor alias: x0"),
        mistake(
            r -> r.putInputs("seed", ints(1, 2)),
            Code.INVALID_ARGUMENT,
            "Expects arg[0] to be int64 but int32 is provided: input 'seed'"),
        mistake(
            r -> r.putInputs("seed", tensor(DataType.DT_INT64).addInt64Val(1).build()),
            Code.INVALID_ARGUMENT,
            "input 'seed' must be of shape [?], is of shape []"),
        mistake(
            r -> r.putInputs("seed", longs(1, 2, 3)),
            Code.INVALID_ARGUMENT,
            "Batching Run() input tensors must have equal 0th-dimension size: input 'steps'"),
        mistake(
            r -> r.putInputs("seed", tensor(DataType.DT_INT64, 1L << 62).addInt64Val(1).build()),
            Code.INVALID_ARGUMENT,
            "Task size 4611686018427387904 is larger than maximum input batch size 256"),
        mistake(
            r ->
                r.putInputs(
                    "seed", tensor(DataType.DT_INT64, 2).setTensorContent(bytes(15)).build()),
            Code.INVALID_ARGUMENT,
            "tensor parsing error: seed: has 15 bytes of content instead of 16"),
        mistake(
            r ->
                r.putInputs(
                    "steps", tensor(DataType.DT_INT32, 2).addAllIntVal(List.of(1, 2, 3)).build()),
            Code.INVALID_ARGUMENT,
            "tensor parsing error: steps: has 3 values for 2 elements"),
        mistake(
            r -> r.putInputs("steps", ints(10, 0)),
            Code.INVALID_ARGUMENT,
            "row 1: steps must be from 1 to 1000 (the model's number of noise levels), is 0"),
        mistake(
            r -> r.putInputs("eta", floats(new float[] {Float.NaN, 0}, 2)),
            Code.INVALID_ARGUMENT,
            "row 0: eta must be from 0 to 1, is NaN"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeGetsTheWordsOfTensorFlowServing(
      Consumer<PredictRequest.Builder> mistake, Code code, String message) {
    PredictRequest.Builder request = images();
    mistake.accept(request);

    assertThatThrownBy(() -> stub().predict(request.build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getDescription()).isEqualTo(message);
              assertThat(e.getStatus().getCode()).isEqualTo(code);
            });
  }

  @Test
  void metadataHasTheSignatures() throws Exception {
    var reply =
        stub()
            .getModelMetadata(
                GetModelMetadataRequest.newBuilder()
                    .setModelSpec(ModelSpec.newBuilder().setName("clothes"))
                    .addMetadataField("signature_def")
                    .build());

    var signatures = reply.getMetadataOrThrow("signature_def").unpack(SignatureDefMap.class);
    assertThat(signatures.getSignatureDefMap().keySet())
        .containsExactlyInAnyOrder(
            "serving_default", "sample", "trajectory", "latent", "predict_noise");
  }

  @Test
  void theStatusOfAModelIsTold() {
    var models = ModelServiceGrpc.newBlockingStub(fixture.channel);

    var reply =
        models.getModelStatus(
            GetModelStatusRequest.newBuilder()
                .setModelSpec(ModelSpec.newBuilder().setName("clothes"))
                .build());

    assertThat(reply.getModelVersionStatusList())
        .singleElement()
        .satisfies(
            status -> {
              assertThat(status.getVersion()).isEqualTo(3);
              assertThat(status.getState()).isEqualTo(State.AVAILABLE);
            });
    assertThatThrownBy(
            () ->
                models.getModelStatus(
                    GetModelStatusRequest.newBuilder()
                        .setModelSpec(ModelSpec.newBuilder().setName("hats"))
                        .build()))
        .hasMessage("NOT_FOUND: Could not find any versions of model hats");
  }

  private static PredictionServiceBlockingStub stub() {
    return PredictionServiceGrpc.newBlockingStub(fixture.channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static PredictRequest.Builder images() {
    return request("")
        .putInputs("seed", longs(7, 8))
        .putInputs("steps", ints(10, 20))
        .putInputs("eta", floats(new float[] {0, 1}, 2));
  }

  private static PredictRequest.Builder request(String signature) {
    return PredictRequest.newBuilder()
        .setModelSpec(ModelSpec.newBuilder().setName("clothes").setSignatureName(signature));
  }

  private static Arguments mistake(
      Consumer<PredictRequest.Builder> change, Code code, String message) {
    return Arguments.of(change, code, message);
  }

  private static TensorProto.Builder tensor(DataType type, long... shape) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (long size : shape) {
      dims.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return TensorProto.newBuilder().setDtype(type).setTensorShape(dims);
  }

  private static TensorProto longs(long... values) {
    ByteBuffer data = buffer(Long.BYTES * values.length);
    data.asLongBuffer().put(values);
    return tensor(DataType.DT_INT64, values.length)
        .setTensorContent(ByteString.copyFrom(data.array()))
        .build();
  }

  private static TensorProto ints(int... values) {
    ByteBuffer data = buffer(Integer.BYTES * values.length);
    data.asIntBuffer().put(values);
    return tensor(DataType.DT_INT32, values.length)
        .setTensorContent(ByteString.copyFrom(data.array()))
        .build();
  }

  private static TensorProto floats(float[] values, long... shape) {
    ByteBuffer data = buffer(Float.BYTES * values.length);
    data.asFloatBuffer().put(values);
    return tensor(DataType.DT_FLOAT, shape)
        .setTensorContent(ByteString.copyFrom(data.array()))
        .build();
  }

  private static TensorProto timesteps(StepTable table, int from, int columns) {
    int[] times = new int[columns];
    for (int k = 0; k < columns; k++) {
      times[k] = from + k < table.length() ? table.timestep(from + k) : -1;
    }
    return tensor(DataType.DT_INT32, 1, columns)
        .addAllIntVal(Arrays.stream(times).boxed().toList())
        .build();
  }

  private static TensorProto numbers(StepTable table, int from, int columns) {
    Column[] all = Column.values();
    float[] values = new float[columns * all.length];
    for (int k = 0; k < columns && from + k < table.length(); k++) {
      for (Column column : all) {
        values[k * all.length + column.index()] = (float) table.get(from + k, column);
      }
    }
    return floats(values, 1, columns, all.length);
  }

  private static float[] row(PredictResponse reply, String output, int row) {
    TensorProto tensor = reply.getOutputsOrThrow(output);
    ByteBuffer data =
        tensor.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    int rows = (int) tensor.getTensorShape().getDim(0).getSize();
    float[] values = new float[data.remaining() / Float.BYTES / rows];
    data.asFloatBuffer().position(row * values.length).get(values);
    return values;
  }

  private static byte[] pixels(float[] image) {
    byte[] bytes = new byte[image.length];
    for (int i = 0; i < image.length; i++) {
      bytes[i] = (byte) Math.max(0, Math.min(255, Math.rint((image[i] + 1) * 127.5f)));
    }
    return bytes;
  }

  private static List<Long> shape(TensorProto tensor) {
    return tensor.getTensorShape().getDimList().stream()
        .map(TensorShapeProto.Dim::getSize)
        .toList();
  }

  private static ByteString bytes(int count) {
    return ByteString.copyFrom(new byte[count]);
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
