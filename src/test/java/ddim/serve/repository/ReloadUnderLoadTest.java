package ddim.serve.repository;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Sampler;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.RepositoryOptions.Control;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions come and go while many clients ask: no request fails, no model is lost. */
class ReloadUnderLoadTest {
  private static final int CLIENTS = 8;
  private static final int SWAPS = 30;

  @TempDir private Path root;
  private final Queue<FakeModel> loaded = new ConcurrentLinkedQueue<>();

  @Test
  void noRequestFailsAndEveryModelIsClosed() throws Exception {
    write(1);
    AtomicInteger asked = new AtomicInteger();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try (ModelRepository repository = repository(RepositoryOptions.of(root))) {
      repository.loadAll();
      CompletableFuture<Void> end = new CompletableFuture<>();
      List<Future<?>> running = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        running.add(
            clients.submit(
                () -> {
                  while (!end.isDone()) {
                    ask(repository);
                    asked.incrementAndGet();
                  }
                  return null;
                }));
      }

      for (int version = 2; version <= SWAPS + 1; version++) {
        int before = asked.get();
        write(version);
        repository.poll();
        repository.poll();
        while (asked.get() < before + CLIENTS && running.stream().noneMatch(Future::isDone)) {
          Thread.onSpinWait(); // each version answers some
        }
      }
      end.complete(null);
      for (Future<?> client : running) {
        client.get(60, SECONDS); // throws what a request failed with
      }

      assertThat(repository.ready()).extracting(ready -> ready.version()).containsExactly(31L);
    } finally {
      clients.shutdownNow();
    }
    assertThat(asked.get()).isGreaterThan(SWAPS * CLIENTS);
    assertThat(loaded).hasSize(SWAPS + 1).allMatch(FakeModel::isClosed);
  }

  @Test
  void everyModelThatWasLoadedAndUnloadedIsClosed() throws Exception {
    write(1);
    RepositoryOptions options = RepositoryOptions.of(root).withControl(Control.EXPLICIT);
    try (ModelRepository repository = repository(options)) {
      repository.loadAll();
      for (int cycle = 0; cycle < 20; cycle++) {
        repository.load("m").get(60, SECONDS);
        CompletableFuture<Void> freed = repository.unloaded();
        repository.unload("m").get(60, SECONDS);
        freed.get(60, SECONDS);
      }
    }
    assertThat(loaded).hasSize(20).allMatch(FakeModel::isClosed);
  }

  private static void ask(ModelRepository repository) throws Exception {
    try (Lease lease = repository.acquire("m", OptionalLong.empty())) {
      Row row = new Row(1, null, Sampler.ddim(2, 0).table(lease.schedule()));
      assertThat(lease.batcher().submit(List.of(row), null).result().get(60, SECONDS)).hasSize(1);
    }
  }

  private ModelRepository repository(RepositoryOptions options) {
    return new ModelRepository(options, this::load, BatcherOptions.of(4), new SystemTime());
  }

  private SamplingModel load(Path folder) {
    FakeModel model = new FakeModel();
    loaded.add(model);
    return model;
  }

  private void write(int version) throws IOException {
    Path folder = Files.createDirectories(root.resolve("m/" + version));
    Files.writeString(folder.resolve("file"), Map.of("version", version).toString());
  }
}
