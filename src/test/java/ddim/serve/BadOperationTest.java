package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import ddim.v1.Clipping;
import ddim.v1.DecodeRequest;
import ddim.v1.EncodeRequest;
import ddim.v1.Encoding;
import ddim.v1.InterpolateRequest;
import ddim.v1.LatentSource;
import ddim.v1.ModelRef;
import ddim.v1.Preset;
import ddim.v1.ReconstructRequest;
import ddim.v1.SampleRequest;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SamplerOptions;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import ddim.v1.Solver;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad input of the operations beyond plain samples. */
class BadOperationTest {
  private static final ModelRef CLOTHES = ModelRef.newBuilder().setName("clothes").build();
  private static final ByteString IMAGE = ByteString.copyFrom(new byte[24]);

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

  static Stream<Arguments> samplerOptions() {
    return Stream.of(
        sampling(o -> o.setSolverValue(77), "sampler.solver must be one of SOLVER_DDIM, "),
        sampling(o -> o.setPresetValue(77), "sampler.preset must be one of PRESET_DDIM, "),
        sampling(
            o -> o.setClipping(Clipping.newBuilder().setRange(-1)),
            "sampler.clipping: clipping range must be above 0"),
        sampling(
            o -> o.addAllTimesteps(List.of(3, 2)), "timesteps must rise strictly, entry 1 is 2"),
        sampling(o -> o.setOrder(2), "order must be from 1 to 1 with solver ddim, is 2"),
        sampling(
            o -> o.setSolver(Solver.SOLVER_DEIS).setPreset(Preset.PRESET_DDPM_SMALL),
            "eta must be 0 with solver deis, is 1.0"));
  }

  static Stream<Arguments> operations() {
    return Stream.of(
        request(
            s -> s.encode(EncodeRequest.newBuilder().setModel(CLOTHES).build()),
            "the number of images must be at least 1, is 0"),
        request(
            s -> s.encode(raw().addImages(IMAGE.substring(1)).build()),
            "images[0] must be 24 bytes of float32, is 23"),
        request(
            s -> s.encode(EncodeRequest.newBuilder().setModel(CLOTHES).addImages(IMAGE).build()),
            "images[0] must be a PNG file"),
        request(
            s ->
                s.encode(
                    raw().addImages(IMAGE).setSampler(preset(Preset.PRESET_DDPM_SMALL)).build()),
            "eta must be 0 to encode"),
        request(
            s -> s.decode(DecodeRequest.newBuilder().setModel(CLOTHES).build()),
            "the number of latents must be at least 1, is 0"),
        request(
            s ->
                s.decode(
                    DecodeRequest.newBuilder()
                        .setModel(CLOTHES)
                        .addLatents(IMAGE)
                        .addSeeds(1)
                        .addSeeds(2)
                        .build()),
            "seeds must be absent or one a latent, are 2 for 1 latents"),
        request(
            s -> s.reconstruct(ReconstructRequest.newBuilder().addImages(IMAGE).build()),
            "model.name is required"));
  }

  static Stream<Arguments> interpolations() {
    return Stream.of(
        between(r -> r.addEnds(seed()), "ends must be 2 for a line or 4 for a grid, are 3"),
        between(r -> r.setColumns(1), "columns must be at least 2, is 1"),
        between(r -> r.setRows(2), "rows must be absent for a line, is 2"),
        between(r -> r.addEnds(seed()).addEnds(seed()), "rows must be at least 2 for a grid, is 0"),
        between(
            r -> r.addEnds(seed()).addEnds(seed()).setRows(1 << 30).setColumns(1 << 30),
            "the number of images must be at most 256, is 1152921504606846976"),
        between(
            r -> r.setEnds(1, LatentSource.getDefaultInstance()),
            "ends[1] must have a seed, a latent or an image"),
        between(
            r -> r.setEnds(1, LatentSource.newBuilder().setLatent(IMAGE.substring(4))),
            "ends[1].latent must be 24 bytes of float32, is 20"),
        between(
            r -> r.setSampler(preset(Preset.PRESET_DDPM_SMALL)),
            "sampler.preset must be one with eta 0, has 1.0"));
  }

  static Stream<Arguments> streams() {
    return Stream.of(
        stream(List.of(0), "preview_after must rise from at least 1 to at most 9"),
        stream(List.of(10), "preview_after must rise from at least 1 to at most 9"),
        stream(List.of(5, 5), "preview_after must rise from at least 1 to at most 9"),
        stream(
            IntStream.range(1, 40).boxed().toList(),
            "preview_after must be at most 20 numbers, are 39"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource({"samplerOptions", "operations", "interpolations", "streams"})
  void isRefusedWithTheReason(Consumer<SamplingServiceBlockingStub> call, String reason) {
    StatusRuntimeException error = null;
    try {
      call.accept(fixture.stub());
    } catch (StatusRuntimeException e) {
      error = e;
    }

    assertThat(error).isNotNull();
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(error.getStatus().getDescription()).contains(reason);
  }

  private static Arguments sampling(Consumer<SamplerOptions.Builder> change, String reason) {
    SamplerOptions.Builder options = SamplerOptions.newBuilder();
    change.accept(options);
    return request(
        s ->
            s.sample(
                SampleRequest.newBuilder()
                    .setModel(CLOTHES)
                    .setCount(1)
                    .setSampler(options)
                    .build()),
        reason);
  }

  private static Arguments between(Consumer<InterpolateRequest.Builder> change, String reason) {
    InterpolateRequest.Builder line =
        InterpolateRequest.newBuilder()
            .setModel(CLOTHES)
            .addEnds(seed())
            .addEnds(seed())
            .setColumns(3);
    change.accept(line);
    return request(s -> s.interpolate(line.build()), reason);
  }

  private static Arguments stream(List<Integer> previewAfter, String reason) {
    SampleRequest.Builder sample =
        SampleRequest.newBuilder().setModel(CLOTHES).setCount(1).setSteps(10);
    SampleStreamRequest request =
        SampleStreamRequest.newBuilder().setSample(sample).addAllPreviewAfter(previewAfter).build();
    return request(s -> s.sampleStream(request).forEachRemaining(event -> {}), reason);
  }

  private static Arguments request(Consumer<SamplingServiceBlockingStub> call, String reason) {
    return arguments(call, reason);
  }

  private static EncodeRequest.Builder raw() {
    return EncodeRequest.newBuilder()
        .setModel(CLOTHES)
        .setImagesEncoding(Encoding.ENCODING_RAW_FLOAT32);
  }

  private static LatentSource seed() {
    return LatentSource.newBuilder().setSeed(1).build();
  }

  private static SamplerOptions preset(Preset preset) {
    return SamplerOptions.newBuilder().setPreset(preset).build();
  }
}
