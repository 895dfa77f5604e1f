package ddim.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The network against the numbers of {@code reference/unet.md} and its float64 goldens. */
class UNetTest {
  @ParameterizedTest(name = "{0}: {1} tensors, {2} parameters")
  @CsvSource({
    "cifar10, 328, 35746307",
    "celeba64, 390, 78700803",
    "lsun256, 450, 113673219",
    "fashion-mnist, 182, 1112801",
    "tiny, 144, 702499"
  })
  void hasThePublishedSize(String name, int tensors, long parameters) {
    List<ParamSpec> specs = ParamSpec.of(config(name));

    assertThat(specs).hasSize(tensors);
    assertThat(specs.stream().mapToLong(ParamSpec::size).sum()).isEqualTo(parameters);
  }

  @ParameterizedTest
  @CsvSource({"cifar10, cifar10", "tiny, tiny8"})
  void asksForTheWeightsOfTheOfficialCodeInItsOrder(String name, String golden) throws IOException {
    List<String> expected = new ArrayList<>();
    for (JsonNode row : FormulaWeights.golden("keymap.json").get(golden).get("rows")) {
      expected.add(row.get(0).asText());
    }

    assertThat(ParamSpec.of(config(name)).stream().map(ParamSpec::name))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("goldenCases")
  void forwardValuesAreThoseOfTheReference(String name, JsonNode golden) throws IOException {
    double tolerance = 4 * golden.get("f32_max_diff").asDouble() + 1e-4;
    float[] nchw = run(goldenConfig(golden.get("config")), name, golden);

    JsonNode first = golden.get("first8");
    JsonNode last = golden.get("last8");
    for (int i = 0; i < 8; i++) {
      assertThat((double) nchw[i]).isCloseTo(first.get(i).asDouble(), within(tolerance));
      assertThat((double) nchw[nchw.length - 8 + i])
          .isCloseTo(last.get(i).asDouble(), within(tolerance));
    }
    int row = nchw.length / golden.get("batch").asInt();
    for (int b = 0; b < golden.get("batch").asInt(); b++) {
      double sum = 0;
      for (int i = 0; i < row; i++) {
        sum += Math.abs(nchw[b * row + i]);
      }
      assertThat(sum)
          .isCloseTo(golden.get("per_row_sum_abs").get(b).asDouble(), within(tolerance * row));
    }
  }

  @Test
  void refusesSidesThatCannotBeHalved() {
    assertThatThrownBy(() -> new UNetConfig(30, 28, 1, 48, List.of(1, 2, 2), 0, List.of(), 1.5, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "U-Net configuration: height must be a positive multiple of 4 (2^(levels - 1)), is 30; "
                + "channels must be 4 or more and a multiple of the 32 normGroups, is 48; "
                + "resBlocks must be 1 or more, is 0; dropout must be in [0, 1), is 1.5");
  }

  @Test
  void refusesNetworksBeyondAllMeans() {
    List<Integer> deep = Collections.nCopies(13, 1);
    assertThatThrownBy(
            () ->
                new UNetConfig(
                    1 << 14,
                    1 << 12,
                    3,
                    1 << 17,
                    deep,
                    2_000_000_000,
                    List.of(),
                    0,
                    32,
                    1 << 21,
                    2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "U-Net configuration: downsamplePadding must be 0 or 1, is 2; height must be at most"
                + " 8192, is 16384; the number of channelMultipliers must be at most 12, is 13;"
                + " resBlocks must be at most 64, is 2000000000; classes must be at most 1048576,"
                + " is 2097152; channels times the largest multiplier must be at most 65536, is"
                + " 131072");
  }

  static Stream<Arguments> goldenCases() throws IOException {
    Stream.Builder<Arguments> cases = Stream.builder();
    for (JsonNode golden : FormulaWeights.golden("unet-goldens.json").get("cases")) {
      cases.add(Arguments.of(golden.get("name").asText(), golden));
    }
    return cases.build();
  }

  static UNetConfig config(String name) {
    return switch (name) {
      case "cifar10" -> UNetConfig.cifar10();
      case "celeba64" -> UNetConfig.celeba64();
      case "lsun256" -> UNetConfig.lsun256();
      case "fashion-mnist" -> UNetConfig.fashionMnist();
      case "tiny" -> UNetConfig.tiny();
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static UNetConfig goldenConfig(JsonNode config) {
    int side = config.get("resolution").asInt();
    return new UNetConfig(
        side,
        side,
        config.get("channels").asInt(),
        config.get("ch").asInt(),
        ints(config.get("ch_mult")),
        config.get("num_res_blocks").asInt(),
        ints(config.get("attn_resolutions")),
        0,
        UNetConfig.DEFAULT_NORM_GROUPS);
  }

  private static List<Integer> ints(JsonNode array) {
    List<Integer> values = new ArrayList<>();
    array.forEach(value -> values.add(value.asInt()));
    return values;
  }

  /** The network's output for the golden input, NCHW. */
  private static float[] run(UNetConfig config, String weights, JsonNode golden)
      throws IOException {
    int batch = golden.get("batch").asInt();
    int[] t = ints(golden.get("t")).stream().mapToInt(Integer::intValue).toArray();
    int c = config.imageChannels();
    int hw = config.height() * config.width();
    float[] x = new float[batch * c * hw];
    for (int i = 0; i < x.length; i++) {
      int b = i / (c * hw);
      int channel = i / hw % c;
      int pixel = i % hw;
      x[(b * hw + pixel) * c + channel] = (float) Math.cos(0.37 * i + 0.2);
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Shape shape = Shape.of(batch, config.height(), config.width(), c);
      var eps =
          UNet.apply(
              tf,
              new FormulaWeights(weights).constants(tf),
              config,
              Dropout.NONE,
              tf.constant(shape, DataBuffers.of(x)),
              tf.constant(t),
              null);
      float[] nhwc = new float[x.length];
      try (var result = session.runner().fetch(eps).run()) {
        ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(nhwc);
      }
      float[] nchw = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        int b = i / (c * hw);
        int channel = i / hw % c;
        int pixel = i % hw;
        nchw[i] = nhwc[(b * hw + pixel) * c + channel];
      }
      return nchw;
    }
  }
}
