package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlerpTest {
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1, 0.25, 0.5, 0.9, 1})
  void aQuarterOfACircleHasTheAnglesAsked(double w) {
    float[] point = Slerp.of(new float[] {3, 0}, new float[] {0, 3}, w);

    assertThat((double) point[0]).isCloseTo(3 * Math.cos(w * Math.PI / 2), within(1e-6));
    assertThat((double) point[1]).isCloseTo(3 * Math.sin(w * Math.PI / 2), within(1e-6));
  }

  @Test
  void theEndsAreTheEnds() {
    float[] a = normal(1, 784);
    float[] b = normal(2, 784);

    assertThat(Slerp.of(a, b, 0)).isEqualTo(a);
    assertThat(Slerp.of(a, b, 1)).isEqualTo(b);
  }

  @Test
  void equalEndsStayWhereTheyAre() {
    float[] a = normal(1, 784);

    assertThat(Slerp.of(a, a.clone(), 0.3)).containsExactly(a, within(1e-6f));
    assertThat(Slerp.of(new float[4], new float[4], 0.5)).containsOnly(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 784, 785})
  void oppositeEndsAreJoinedByAnArcThatKeepsTheNorm(int size) {
    float[] a = normal(1, size);
    float[] opposite = new float[size];
    for (int i = 0; i < size; i++) {
      opposite[i] = -a[i];
    }

    for (double w : new double[] {0, 0.2, 0.5, 0.7, 1}) {
      float[] point = Slerp.of(a, opposite, w);
      assertThat(norm(point)).isCloseTo(norm(a), within(1e-4 * norm(a)));
      assertThat(angle(a, point)).isCloseTo(w * Math.PI, within(1e-3));
    }
  }

  @Test
  void refusesWhatCannotBe() {
    assertThatThrownBy(() -> Slerp.of(new float[2], new float[3], 0.5))
        .hasMessage("both ends must be of one size, are of 2 and 3 numbers");
    assertThatThrownBy(() -> Slerp.of(new float[2], new float[2], Double.NaN))
        .hasMessage("w must be from 0 to 1, is NaN");
  }

  private static float[] normal(long seed, int size) {
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double norm(float[] a) {
    double sum = 0;
    for (float value : a) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  private static double angle(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return Math.acos(Math.max(-1, Math.min(1, sum / (norm(a) * norm(b)))));
  }
}
