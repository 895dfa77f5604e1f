package ddim.serve.repository;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Sampler;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.Job;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All models of a repository share the device, those that are being loaded too. */
class SharedDeviceTest {
  @TempDir private Path root;
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger overlaps = new AtomicInteger();
  private final AtomicInteger calls = new AtomicInteger();

  @Test
  void graphCallsOfSeveralModelsDoNotOverlap() throws Exception {
    write("a/1");
    write("b/1");
    try (SystemTime time = new SystemTime();
        ModelRepository repository =
            new ModelRepository(
                RepositoryOptions.of(root),
                folder -> model(),
                BatcherOptions.of(2).withColumnsPerCall(1),
                time)) {
      repository.loadAll();
      List<Job> jobs = new ArrayList<>();
      try (Lease a = repository.acquire("a", OptionalLong.empty());
          Lease b = repository.acquire("b", OptionalLong.empty())) {
        for (Lease lease : List.of(a, b)) {
          Row row = new Row(1, null, Sampler.ddim(50, 0).table(lease.schedule()));
          jobs.add(lease.batcher().submit(List.of(row), null));
        }
        write("a/2");
        repository.poll();
        repository.poll();
        for (Job job : jobs) {
          job.result().get(60, SECONDS);
        }
      }
      assertThat(repository.acquire("a", OptionalLong.of(2))).isNotNull();
    }
    assertThat(calls.get()).isGreaterThan(100);
    assertThat(overlaps).hasValue(0);
  }

  private FakeModel model() {
    FakeModel model = new FakeModel();
    model.onCall(
        call -> {
          calls.incrementAndGet();
          if (running.incrementAndGet() > 1) {
            overlaps.incrementAndGet();
          }
          try {
            Thread.sleep(2);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          running.decrementAndGet();
        });
    return model;
  }

  private void write(String version) throws IOException {
    Files.writeString(Files.createDirectories(root.resolve(version)).resolve("file"), version);
  }
}
