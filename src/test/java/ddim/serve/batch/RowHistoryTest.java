package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Preset;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.Solver;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.Trajectory;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client may carry the state of a trajectory from request to request. */
class RowHistoryTest {
  private static final StepTable TABLE =
      Preset.DDIM
          .builder(10)
          .solver(Solver.IPNDM)
          .build()
          .table(NoiseSchedule.of(ScheduleConfig.LINEAR_1000));

  private final FakeModel model = new FakeModel();
  private final SystemTime time = new SystemTime();
  private final Batcher batcher = Batcher.start("fake", model, BatcherOptions.of(4), time);

  @AfterEach
  void close() {
    batcher.close();
    time.close();
  }

  @Test
  void aTrajectoryOfTwoRequestsIsThatOfOne() {
    Trajectory half = run(new Row(5, model.latent(5), null, List.of(part(0, 4)), List.of()));
    Trajectory whole = run(new Row(5, half.x(), half.history(), List.of(part(4, 10)), List.of()));

    assertThat(whole.x()).isEqualTo(model.image(5, TABLE));
    assertThat(run(new Row(5, half.x(), part(4, 10))).x()).isNotEqualTo(whole.x());
  }

  @Test
  void aHistoryOfAnotherSizeIsRefused() {
    Row row = new Row(5, model.latent(5), new float[6], List.of(TABLE), List.of());

    assertThatThrownBy(() -> batcher.submit(List.of(row), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a history of this model has 18 numbers, not 6");
  }

  private Trajectory run(Row row) {
    CompletableFuture<Trajectory> end = new CompletableFuture<>();
    RowListener listener =
        new RowListener() {
          @Override
          public void advanced(int index, int steps, float[] x, float[] x0, boolean finished) {}

          @Override
          public void finished(int index, Trajectory finished) {
            end.complete(finished);
          }
        };
    batcher.submit(List.of(row), Terms.within(null), listener).result().join();
    return end.join();
  }

  private static StepTable part(int from, int to) {
    int[] timesteps = IntStream.range(from, to).map(TABLE::timestep).toArray();
    double[][] steps = new double[to - from][];
    for (int k = from; k < to; k++) {
      steps[k - from] = new double[Column.values().length];
      for (Column column : Column.values()) {
        steps[k - from][column.index()] = TABLE.get(k, column);
      }
    }
    return new StepTable(timesteps, steps, TABLE.clipping());
  }
}
