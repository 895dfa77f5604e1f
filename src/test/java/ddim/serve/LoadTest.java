package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.serve.SamplingClient.Query;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.SystemTime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many clients at once, over real sockets. */
class LoadTest {
  private static final int CLIENTS = 32;
  private static final int REQUESTS = 8;
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  @TempDir private Path root;

  @ParameterizedTest(name = "columns per call: {0}")
  @ValueSource(ints = {3, BatcherOptions.WHOLE_TRAJECTORY})
  void everyClientGetsItsOwnImages(int columnsPerCall) throws Exception {
    BatcherOptions batching = BatcherOptions.of(16).withColumnsPerCall(columnsPerCall);
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    CyclicBarrier together = new CyclicBarrier(CLIENTS);
    try (ServerFixture fixture =
        ServerFixture.onSocket(root, ServerOptions.defaults(), batching, new SystemTime())) {
      List<Callable<Void>> clients = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        int client = number;
        clients.add(() -> beAClient(fixture, client, together));
      }
      for (Future<Void> client : threads.invokeAll(clients)) {
        client.get(60, TimeUnit.SECONDS);
      }

      int rows = fixture.clothes.calls().stream().mapToInt(call -> call.seeds().size()).sum();
      assertThat((double) rows / fixture.clothes.calls().size())
          .as("mean rows of a call")
          .isGreaterThan(4);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Requests of other sizes, steps and eta than everybody else's. */
  private Void beAClient(ServerFixture fixture, int number, CyclicBarrier together)
      throws Exception {
    FakeModel model = fixture.clothes;
    try (SamplingClient client = fixture.client()) {
      for (int request = 0; request < REQUESTS; request++) {
        int steps = 1 + (7 * number + request) % 20;
        double eta = number % 3 / 2.0;
        StepTable table = Sampler.ddim(steps, eta).table(SCHEDULE);
        together.await(20, TimeUnit.SECONDS);
        var reply =
            client.sample(
                Query.of("clothes", 1000L * number + request, 1 + number % 7)
                    .withSteps(steps)
                    .withEta(eta));
        assertThat(reply.pictures())
            .hasSize(1 + number % 7)
            .allSatisfy(
                picture ->
                    assertThat(picture.pixels()).isEqualTo(model.image(picture.seed(), table)));
      }
    }
    return null;
  }
}
