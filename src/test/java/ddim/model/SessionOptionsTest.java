package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Prediction;
import ddim.model.SessionOptions.Bfloat16;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.RewriterConfig.Toggle;

class SessionOptionsTest {
  @Test
  void optionsAreThoseOfTensorFlow() {
    ConfigProto proto =
        new SessionOptions(1, 3, 2, false, 0.25, List.of(1, 0), Bfloat16.ON).toProto(3);

    assertThat(proto.getIntraOpParallelismThreads()).isEqualTo(3);
    assertThat(proto.getInterOpParallelismThreads()).isEqualTo(2);
    assertThat(proto.getGpuOptions().getAllowGrowth()).isFalse();
    assertThat(proto.getGpuOptions().getPerProcessGpuMemoryFraction()).isEqualTo(0.25);
    assertThat(proto.getGpuOptions().getVisibleDeviceList()).isEqualTo("1,0");
    assertThat(bfloat16(proto)).isEqualTo(Toggle.ON);
  }

  @Test
  void byDefaultEverythingIsTensorFlowsChoiceButTheMemoryOfGpus() {
    ConfigProto proto = SessionOptions.DEFAULTS.toProto(0);

    assertThat(proto.getIntraOpParallelismThreads()).isZero();
    assertThat(proto.getGpuOptions().getAllowGrowth()).isTrue();
    assertThat(proto.getGpuOptions().getPerProcessGpuMemoryFraction()).isZero();
    assertThat(proto.getGpuOptions().getVisibleDeviceList()).isEmpty();
    assertThat(bfloat16(proto)).isEqualTo(Toggle.DEFAULT);
  }

  @Test
  void threadsAreSharedAmongTheLanesOfSmallNetworks() {
    int processors = Runtime.getRuntime().availableProcessors();
    ModelSpec small = TestModels.tiny(Prediction.EPS).spec();
    ModelSpec large =
        new ModelSpec(
            small.unet(),
            small.schedule(),
            small.prediction(),
            small.dataset(),
            small.license(),
            small.trainingStep(),
            35_000_000,
            small.weightsDigest());

    assertThat(SessionOptions.DEFAULTS.calls()).isEqualTo(processors);
    assertThat(SessionOptions.DEFAULTS.threads(small)).isEqualTo(1);
    assertThat(SessionOptions.DEFAULTS.threads(large)).isZero();
    assertThat(with(1, 0).calls()).isEqualTo(1);
    assertThat(with(1, 0).threads(small)).isEqualTo(processors);
    assertThat(with(2 * processors, 0).threads(small)).isEqualTo(1);
    assertThat(with(3, 5).threads(small)).isEqualTo(5);
    assertThat(with(0, processors).calls()).isEqualTo(1);
    assertThat(with(0, processors).threads(large)).isEqualTo(processors);
  }

  private static SessionOptions with(int lanes, int intraOpThreads) {
    return new SessionOptions(lanes, intraOpThreads, 0, true, 1, List.of(), Bfloat16.OFF);
  }

  @Test
  void aModelComputesWithTheseOptionsAndItsSessionIsClosed(@TempDir Path models)
      throws IOException {
    Path folder =
        ModelExporter.export(TestModels.tiny(Prediction.EPS), models, "m", OptionalLong.of(1));
    LoadedModel model =
        LoadedModel.load(folder, new SessionOptions(2, 1, 1, true, 1, List.of(), Bfloat16.AUTO));

    assertThat(model.latents(new long[] {7})).hasDimensions(1, model.spec().unet().imageSize());
    model.close();

    assertThatThrownBy(() -> model.latents(new long[] {7}))
        .isInstanceOf(IllegalStateException.class);
  }

  private static Toggle bfloat16(ConfigProto proto) {
    return proto.getGraphOptions().getRewriteOptions().getAutoMixedPrecisionOnednnBfloat16();
  }
}
