package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads, real interleavings: every request has one end, and every image is right. */
class BatcherStressTest {
  private static final int CLIENTS = 16;
  private static final int REQUESTS = 60;
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  private final FakeModel model = new FakeModel();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger withdrawn = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();

  @ParameterizedTest(name = "columns per call: {0}")
  @ValueSource(ints = {1, 4, BatcherOptions.WHOLE_TRAJECTORY})
  void noWaiterIsLostAndNoImageIsAnothers(int columnsPerCall) throws Exception {
    model.onCall(
        call -> {
          if (call.seeds().stream().anyMatch(seed -> seed % 499 == 0)) {
            throw new IllegalStateException("one batch fails");
          }
        });
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    BatcherOptions options = BatcherOptions.of(8).withColumnsPerCall(columnsPerCall);
    try (SystemTime time = new SystemTime();
        Batcher batcher = Batcher.start("stress", model, options, time)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        Random random = new Random(client);
        work.add(() -> beAClient(batcher, random));
      }
      for (Future<Void> client : clients.invokeAll(work)) {
        client.get(60, TimeUnit.SECONDS);
      }
    } finally {
      clients.shutdownNow();
    }

    assertThat(answered.get() + withdrawn.get() + failed.get()).isEqualTo(CLIENTS * REQUESTS);
    assertThat(answered).hasValueGreaterThan(CLIENTS * REQUESTS / 2);
    assertThat(model.calls()).anyMatch(call -> call.seeds().size() == 8);
  }

  private Void beAClient(Batcher batcher, Random random) throws Exception {
    for (int request = 0; request < REQUESTS; request++) {
      long first = random.nextInt(1_000_000);
      StepTable table = Sampler.ddim(1 + random.nextInt(20), random.nextInt(2)).table(SCHEDULE);
      List<Row> rows =
          LongStream.range(first, first + 1 + random.nextInt(12))
              .mapToObj(seed -> new Row(seed, null, table))
              .toList();
      Job job = batcher.submit(rows, null);
      if (random.nextInt(5) == 0) {
        job.withdraw();
      }
      check(job, rows);
    }
    return null;
  }

  private void check(Job job, List<Row> rows) throws Exception {
    try {
      List<float[]> images = job.result().get(60, TimeUnit.SECONDS);
      for (int i = 0; i < images.size(); i++) {
        Row row = rows.get(i);
        assertThat(images.get(i)).isEqualTo(model.image(row.seed(), row.tables().get(0)));
      }
      answered.incrementAndGet();
    } catch (CancellationException e) {
      withdrawn.incrementAndGet();
    } catch (ExecutionException e) {
      assertThat(e).hasRootCauseMessage("one batch fails");
      failed.incrementAndGet();
    }
  }
}
