package ddim.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Sampler;
import ddim.model.Trajectory;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OneStepCountBatchesTest {
  /** Holds its first batch until it is let go, and keeps the number of steps of every row. */
  private static final class Held extends FakeModel {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void advance(
        List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
      batches.add(rows.stream().map(Trajectory::remaining).toList());
      entered.countDown();
      try {
        assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      super.advance(rows, columns, batchSize, limit);
    }
  }

  @Test
  void onlyEqualNumbersOfStepsShareABatchAndTheLongestWaitingGoFirst() throws Exception {
    Held model = new Held();
    List<CompletableFuture<?>> images = new ArrayList<>();
    try (OneStepCountBatches batches = new OneStepCountBatches(model, 3)) {
      images.add(batches.ask(row(model, 9)).done());
      assertThat(model.entered.await(30, TimeUnit.SECONDS)).isTrue();
      for (int steps : new int[] {5, 7, 5, 7, 5, 5}) {
        images.add(batches.ask(row(model, steps)).done());
      }
      model.go.countDown();
      CompletableFuture.allOf(images.toArray(CompletableFuture[]::new)).get(30, TimeUnit.SECONDS);
    }

    assertThat(model.batches)
        .containsExactly(List.of(9), List.of(5, 5, 5), List.of(7, 7), List.of(5));
  }

  @Test
  void whoeverIsInABatchThatFailsIsTold() throws Exception {
    FakeModel failing =
        new FakeModel() {
          @Override
          public void advance(
              List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
            throw new IllegalStateException("no device");
          }
        };
    try (OneStepCountBatches batches = new OneStepCountBatches(failing, 3)) {
      CompletableFuture<?> image = batches.ask(row(failing, 5)).done();

      assertThatThrownBy(() -> image.get(30, TimeUnit.SECONDS)).hasMessageContaining("no device");
    }
  }

  private static Row row(FakeModel model, int steps) {
    return new Row(7, null, BenchModel.table(Sampler.ddim(steps, 0), model));
  }
}
