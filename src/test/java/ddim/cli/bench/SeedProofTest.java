package ddim.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Sampler;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SeedProofTest {
  private static final int COMPOSITIONS = 50;

  @Test
  void rowsThatDoNotKnowTheirCompanyAreAllEqual() {
    SeedProof proof = prove(new FakeModel());

    assertThat(proof.rows()).isGreaterThan(COMPOSITIONS);
    assertThat(proof.equal()).isEqualTo(proof.rows());
    assertThat(proof.equalPixels()).isEqualTo(proof.rows());
    assertThat(proof.largestDifference()).isZero();
    assertThat(proof.counters().steps()).isGreaterThan(proof.rows());
  }

  @Test
  void rowsThatDependOnTheirCompanyAreFound() {
    SeedProof proof =
        prove(
            new FakeModel() {
              @Override
              public float[][] latents(long[] seeds) {
                float[][] latents = super.latents(seeds);
                latents[0][0] += (seeds.length - 1) * 1e-6f;
                return latents;
              }
            });

    assertThat(proof.equal()).isLessThan(proof.rows());
    assertThat(proof.largestDifference()).isBetween(1e-9, 1e-3);
  }

  @Test
  void whatLabelsAndGuidanceDoIsComparedToo() {
    SeedProof equal = prove(new FakeModel(3));
    assertThat(equal.equal()).isEqualTo(equal.rows());

    SeedProof different =
        prove(
            new FakeModel(3) {
              @Override
              public void advance(
                  List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
                super.advance(rows, columns, batchSize, limit);
                long guided = rows.stream().filter(r -> r.condition().places() > 1).count();
                rows.get(0).x()[0] += guided * 1e-6f;
              }
            });
    assertThat(different.equal()).isLessThan(different.rows());
  }

  @Test
  void clientsAskUntilTheirTimeIsOver() {
    FakeModel model = new FakeModel();
    var table = BenchModel.table(Sampler.ddim(3, 0), model);
    try (SystemTime time = new SystemTime();
        Batcher batcher = Batcher.start("test", model, BatcherOptions.of(4), time)) {
      Traffic traffic = new Traffic("all", 3, random -> new Row(7, null, table), 0.5);

      Traffic.Outcome outcome = traffic.run(Traffic.target(batcher), Duration.ofMillis(200), time);

      assertThat(outcome.images()).isPositive().isEqualTo(outcome.latencies().size());
      assertThat(outcome.latency(0.5)).isLessThanOrEqualTo(outcome.latency(0.99));
      assertThat(batcher.waiting() + batcher.started()).isZero();
    }
  }

  @Test
  void aQuantileIsOneOfTheTimes() {
    List<Duration> times =
        List.of(Duration.ofMillis(9), Duration.ofMillis(1), Duration.ofMillis(5));

    assertThat(Quantiles.of(times, 0.5)).hasMillis(5);
    assertThat(Quantiles.of(times, 0.99)).hasMillis(9);
    assertThat(Quantiles.of(times, 0)).hasMillis(1);
    assertThat(Quantiles.of(List.of(), 0.5)).isZero();
  }

  private static SeedProof prove(SamplingModel model) {
    try (SystemTime time = new SystemTime()) {
      return SeedProof.run(model, BatcherOptions.of(4), COMPOSITIONS, 5, 1, time);
    }
  }
}
