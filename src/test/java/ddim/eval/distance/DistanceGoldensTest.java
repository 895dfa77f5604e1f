package ddim.eval.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against numpy and scipy: {@code scripts/interop/distances.py} made the numbers. */
class DistanceGoldensTest {
  static List<JsonNode> cases() throws IOException {
    try (InputStream in =
        DistanceGoldensTest.class.getResourceAsStream("/ddim/eval/distances.json")) {
      List<JsonNode> cases = new ArrayList<>();
      new ObjectMapper().readTree(in).forEach(cases::add);
      return cases;
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void distancesAreThoseOfAnotherImplementation(JsonNode golden) {
    int dimension = golden.get("dimension").asInt();
    float[][] real = features(golden.get("real").asInt(), dimension, 1, 0);
    float[][] made =
        features(golden.get("generated").asInt(), dimension, 2, golden.get("shift").floatValue());

    double frechet =
        FrechetDistance.to(FeatureStatistics.of(real)).from(FeatureStatistics.of(made));
    PrecisionRecall both = PrecisionRecall.of(real, made);

    assertThat(frechet).isCloseTo(golden.get("frechet").asDouble(), within(1e-6));
    assertThat(KernelDistance.to(real).from(made))
        .isCloseTo(golden.get("kernel").asDouble(), within(1e-9));
    assertThat(both.precision()).isCloseTo(golden.get("precision").asDouble(), within(1e-12));
    assertThat(both.recall()).isCloseTo(golden.get("recall").asDouble(), within(1e-12));
  }

  /** The same numbers as in the script, all of them exact in float32. */
  static float[][] features(int rows, int columns, long seed, float shift) {
    float[][] values = new float[rows][columns];
    long state = seed;
    for (int i = 0; i < rows; i++) {
      float before = 0;
      for (int j = 0; j < columns; j++) {
        state = (state * 1103515245 + 12345) % (1L << 31);
        float fresh = (state >> 8 & 0xffff) / 65536f;
        values[i][j] = fresh + 0.5f * before + shift;
        before = fresh;
      }
    }
    return values;
  }
}
