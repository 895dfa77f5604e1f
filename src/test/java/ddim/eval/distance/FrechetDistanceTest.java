package ddim.eval.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
  @Test
  void normalDistributionsOnALineHaveTheDistanceOfTheirMomentsRoots() {
    FrechetDistance distance = FrechetDistance.to(new double[] {1}, new double[] {4});

    // (1 - 3)^2 + (2 - 5)^2
    assertThat(distance.from(new double[] {3}, new double[] {25})).isCloseTo(13, within(1e-12));
  }

  @Test
  void covariancesThatCommuteHaveAClosedForm() {
    double[] c1 = {4, 0, 0, 9};
    double[] c2 = {16, 0, 0, 1};

    double d = FrechetDistance.to(new double[] {0, 0}, c1).from(new double[] {3, 4}, c2);

    assertThat(d).isCloseTo(25 + (2 - 4) * (2 - 4) + (3 - 1) * (3 - 1), within(1e-12));
  }

  @Test
  void twoByTwoCovariancesThatDoNotCommuteHaveAClosedForm() {
    double[] c1 = {2, 1, 1, 2};
    double[] c2 = {5, -1, -1, 1};
    // tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)) for 2x2; det M = det C1 det C2
    double trace = 2 * 5 + 1 * -1 + 1 * -1 + 2 * 1;
    double root = Math.sqrt(trace + 2 * Math.sqrt(3.0 * 4.0));

    double d = FrechetDistance.to(new double[2], c1).from(new double[2], c2);

    assertThat(d).isCloseTo(4 + 6 - 2 * root, within(1e-12));
  }

  @Test
  void covariancesOfRankOneGiveTheAngleBetweenThem() {
    // C = u u^T: tr sqrt(C1 C2) = |u1 . u2|
    double[] c1 = {1, 2, 2, 4};
    double[] c2 = {9, 3, 3, 1};

    double d = FrechetDistance.to(new double[2], c1).from(new double[2], c2);

    assertThat(d).isCloseTo(5 + 10 - 2 * 5, within(1e-7));
  }

  @Test
  void aSetIsAtNoDistanceFromItselfEvenWithFewerImagesThanFeatures() {
    float[][] few = DistanceGoldensTest.features(4, 50, 3, 0);
    FeatureStatistics statistics = FeatureStatistics.of(few);

    assertThat(FrechetDistance.to(statistics).from(statistics)).isBetween(0.0, 1e-6);
  }

  @Test
  void bothDirectionsAreTheSame() {
    FeatureStatistics a = FeatureStatistics.of(DistanceGoldensTest.features(30, 12, 1, 0));
    FeatureStatistics b = FeatureStatistics.of(DistanceGoldensTest.features(9, 12, 2, 0.5f));

    assertThat(FrechetDistance.to(a).from(b))
        .isCloseTo(FrechetDistance.to(b).from(a), within(1e-6));
  }

  @Test
  void statisticsAreRightFarFromZero() {
    Random random = new Random(5);
    FeatureStatistics statistics = new FeatureStatistics(2);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 1000; i++) {
      float value = random.nextInt(64); // exact beside a million
      statistics.add(new float[] {1e6f + value, 2 * value});
      sum += value;
      squares += value * value;
    }
    double variance = (squares - sum * sum / 1000) / 999;

    assertThat(statistics.mean()[0] - 1e6).isCloseTo(sum / 1000, within(1e-8));
    assertThat(statistics.covariance())
        .containsExactly(
            new double[] {variance, 2 * variance, 2 * variance, 4 * variance}, within(1e-6));
  }

  @Test
  void whatCannotBeIsRefused() {
    FeatureStatistics one = new FeatureStatistics(2);
    one.add(new float[] {1, 2});

    assertThatThrownBy(one::covariance)
        .hasMessage("a covariance needs two rows or more, there are 1");
    assertThatThrownBy(() -> one.add(new float[] {Float.NaN, 2})).hasMessage("a feature is NaN");
    assertThatThrownBy(() -> one.add(new float[3]))
        .hasMessage("expected a feature of 2 numbers, got 3");
    assertThatThrownBy(() -> FrechetDistance.to(new double[2], new double[3]))
        .hasMessage("expected a mean of 2 numbers and a covariance of 4, got 2 and 3");
    assertThatThrownBy(() -> KernelDistance.to(new float[1][2]))
        .hasMessage("a set needs two features or more, has 1");
    assertThatThrownBy(() -> PrecisionRecall.of(new float[3][2], new float[9][2]))
        .hasMessage("the 3-th nearest of 2 others is not there");
  }

  @Test
  void theNearestOfEquallyNearRowsIsTheFirst() {
    Neighbours.Neighbour[] found =
        Neighbours.nearest(new float[][] {{0, 0}, {5, 5}}, new float[][] {{3, 4}, {4, 3}, {5, 6}});

    assertThat(found)
        .containsExactly(new Neighbours.Neighbour(0, 5), new Neighbours.Neighbour(2, 1));
  }
}
