package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.serve.SamplingClient.Query;
import ddim.v1.Encoding;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SamplingServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad input of every kind, over a real socket. */
class BadRequestTest {
  @TempDir private static Path root;
  private static ServerFixture fixture;

  @BeforeAll
  static void start() {
    fixture = ServerFixture.onSocket(root);
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @AfterEach
  void theServerAnswersTheNextGoodRequest() {
    assertThat(fixture.stub().sample(good().build()).getImagesCount()).isEqualTo(1);
  }

  static Stream<Arguments> badRequests() {
    return Stream.of(
        arguments(good().clearModel(), "model.name", "model.name is required"),
        arguments(good().clearCount(), "count", "count must be at least 1, is 0"),
        arguments(
            good().addClassLabels(0),
            "class_labels",
            "class_labels must be absent, the model has no classes, are [0]"),
        arguments(
            good().setGuidance(2),
            "guidance",
            "guidance must be absent without class_labels, is 2.0"),
        arguments(good().setCount(-1), "count", "count must be at least 1, is -1"),
        arguments(good().setCount(257), "count", "count must be at most 256, is 257"),
        arguments(
            good().clearCount().addAllSeeds(Collections.nCopies(257, 1L)),
            "seeds",
            "the number of seeds must be at most 256, is 257"),
        arguments(good().addSeeds(5), "count", "count must be absent when seeds are given, is 1"),
        arguments(
            good().clearCount().setFirstSeed(3).addSeeds(5),
            "first_seed",
            "first_seed must be absent when seeds are given, is 3"),
        arguments(good().setSteps(0), "steps", problem(0, 0)),
        arguments(good().setSteps(-1), "steps", problem(-1, 0)),
        arguments(good().setSteps(1001), "steps", problem(1001, 0)),
        arguments(good().setEta(-0.1), "eta", problem(2, -0.1)),
        arguments(good().setEta(1.1), "eta", problem(2, 1.1)),
        arguments(good().setEta(Double.NaN), "eta", problem(2, Double.NaN)),
        arguments(
            good().setEncodingValue(99),
            "encoding",
            "encoding must be ENCODING_PNG or ENCODING_RAW_FLOAT32, is 99"),
        arguments(
            good().setModel(ModelRef.newBuilder().setName("spectra")),
            "encoding",
            "encoding must be ENCODING_RAW_FLOAT32 for images of 5 channels, is ENCODING_PNG"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("badRequests")
  void oneProblemIsOneViolation(SampleRequest.Builder request, String field, String message) {
    StatusRuntimeException error = refusal(request);

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(error.getStatus().getDescription()).isEqualTo(message);
    assertThat(violations(error))
        .containsExactly(
            BadRequest.FieldViolation.newBuilder().setField(field).setDescription(message).build());
  }

  @Test
  void allProblemsAreReportedAtOnce() {
    StatusRuntimeException error =
        refusal(
            SampleRequest.newBuilder()
                .setCount(-3)
                .setSteps(0)
                .setEta(Double.NaN)
                .setEncodingValue(7));

    assertThat(violations(error))
        .extracting(BadRequest.FieldViolation::getField)
        .containsExactly("model.name", "count", "encoding", "steps", "eta");
  }

  @Test
  void anUnknownModelIsNotFoundAndToldWhatThereIs() {
    StatusRuntimeException error =
        refusal(good().setModel(ModelRef.newBuilder().setName("../clothes")));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(error.getStatus().getDescription())
        .isEqualTo("there is no model '../clothes', there are [clothes, faces, spectra]");
    assertThat(detail(error, ErrorInfo.class).getReason()).isEqualTo("MODEL_NOT_FOUND");
  }

  @Test
  void anUnknownVersionIsNotFound() {
    StatusRuntimeException error =
        refusal(good().setModel(ModelRef.newBuilder().setName("clothes").setVersion(0)));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(error.getStatus().getDescription())
        .isEqualTo("model 'clothes' has no version 0, ready are [3]");
  }

  @Test
  void anOversizedMessageIsToldTheLimit() {
    int limit = ServerOptions.defaults().maxMessageBytes();
    StatusRuntimeException error =
        refusal(good().setModel(ModelRef.newBuilder().setName("a".repeat(limit))));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(error.getStatus().getDescription()).contains("maximum size " + limit);
  }

  @Test
  void aLongNameIsNotSentBackWhole() {
    StatusRuntimeException error =
        refusal(good().setModel(ModelRef.newBuilder().setName("\u00e9".repeat(1 << 20))));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(error.getStatus().getDescription()).hasSizeLessThan(600);
  }

  @Test
  void bytesThatAreNoMessageAreTheCallersFault() {
    assertThatThrownBy(
            () ->
                ClientCalls.blockingUnaryCall(
                    fixture.channel, sampleInBytes(), CallOptions.DEFAULT, new byte[] {-1, -1}))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageStartingWith("INVALID_ARGUMENT: While parsing a protocol message");
  }

  @Test
  void theClientShowsTheViolationsOneALine() {
    try (SamplingClient client = fixture.client()) {
      assertThatThrownBy(() -> client.sample(Query.of("clothes", 0, 1).withSteps(0).withEta(2)))
          .isInstanceOfSatisfying(
              RemoteFailureException.class, e -> assertThat(e.isCallersFault()).isTrue())
          .hasMessage(problem(0, 0) + "\n" + problem(2, 2));
      assertThatThrownBy(() -> client.sample(Query.of("cloths", 0, 1)))
          .isInstanceOfSatisfying(
              RemoteFailureException.class, e -> assertThat(e.isCallersFault()).isTrue())
          .hasMessage("NOT_FOUND: there is no model 'cloths', there are [clothes, faces, spectra]");
    }
  }

  /** What the maths says of these numbers. */
  private static String problem(int steps, double eta) {
    NoiseSchedule schedule = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
    return Sampler.ddim(steps, eta).violations(schedule, Prediction.EPS).get(0).message();
  }

  private static SampleRequest.Builder good() {
    return SampleRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName("clothes"))
        .setCount(1)
        .setSteps(2)
        .setEncoding(Encoding.ENCODING_UNSPECIFIED);
  }

  private static StatusRuntimeException refusal(SampleRequest.Builder request) {
    try {
      fixture.stub().sample(request.build());
    } catch (StatusRuntimeException e) {
      return e;
    }
    throw new AssertionError("the request was accepted");
  }

  private static List<BadRequest.FieldViolation> violations(StatusRuntimeException error) {
    return detail(error, BadRequest.class).getFieldViolationsList();
  }

  private static <T extends Message> T detail(StatusRuntimeException error, Class<T> type) {
    for (Any detail : Objects.requireNonNull(StatusProto.fromThrowable(error)).getDetailsList()) {
      if (detail.is(type)) {
        try {
          return detail.unpack(type);
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no " + type.getSimpleName() + " in " + error);
  }

  private static MethodDescriptor<byte[], byte[]> sampleInBytes() {
    Marshaller<byte[]> bytes =
        new Marshaller<>() {
          @Override
          public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
          }

          @Override
          public byte[] parse(InputStream stream) {
            try {
              return stream.readAllBytes();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        };
    return SamplingServiceGrpc.getSampleMethod().toBuilder(bytes, bytes).build();
  }
}
