package ddim.eval.experiment;

import ddim.eval.distance.FeatureStatistics;
import ddim.eval.distance.FrechetDistance;
import ddim.eval.distance.KernelDistance;
import ddim.eval.distance.PrecisionRecall;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares images with the real ones, whose features are computed once, when first needed. */
final class QualityMeter {
  private final Bench bench;
  private @Nullable Real real;

  private record Real(float[][] features, FrechetDistance frechet, KernelDistance kernel) {}

  QualityMeter(Bench bench) {
    this.bench = bench;
  }

  /**
   * Measures images against the first real ones.
   *
   * @param images at least four; precision and recall take as many real ones
   */
  Quality of(List<byte[]> images) {
    Real to = real();
    float[][] made =
        bench
            .features()
            .of(images, bench.train().height(), bench.train().width(), bench.train().channels());
    int most = Math.min(made.length, to.features().length);
    return new Quality(
        to.frechet().from(FeatureStatistics.of(made)),
        to.kernel().from(made),
        PrecisionRecall.of(Arrays.copyOf(to.features(), most), Arrays.copyOf(made, most)));
  }

  private Real real() {
    Real known = real;
    if (known == null) {
      int count = Math.min(bench.options().real(), bench.train().size());
      float[][] features = bench.features().of(bench.train(), count);
      known =
          new Real(
              features,
              FrechetDistance.to(FeatureStatistics.of(features)),
              KernelDistance.to(features));
      real = known;
    }
    return known;
  }
}
