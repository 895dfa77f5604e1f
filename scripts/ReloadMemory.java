import ddim.model.LoadedModel;
import ddim.model.SamplingModel;
import ddim.model.SessionOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * Loads a model and unloads it, again and again, and prints the memory of the process after each
 * time: it must not grow once the first cycles are over.
 *
 * <p>{@code scripts/reload-memory [MODELS NAME [CYCLES]]}.
 */
final class ReloadMemory {
  private static final int WARM_UP = 5;

  private ReloadMemory() {}

  public static void main(String[] args) throws Exception {
    Path models = Path.of(args.length > 0 ? args[0] : "savedmodel");
    String name = args.length > 1 ? args[1] : "fashion-mnist";
    int cycles = args.length > 2 ? Integer.parseInt(args[2]) : 20;
    RepositoryOptions options = RepositoryOptions.only(models, ModelConfig.of(name));
    double atFirst = 0;
    double last = 0;
    try (ModelRepository repository =
        new ModelRepository(options, ReloadMemory::load, BatcherOptions.of(4), new SystemTime())) {
      repository.loadAll();
      for (int cycle = 1; cycle <= WARM_UP + cycles; cycle++) {
        CompletableFuture<Void> freed = repository.unloaded();
        repository.unload(name).get();
        freed.get();
        repository.load(name).get();
        System.gc();
        last = residentMebibytes();
        System.out.printf("cycle %d: %.1f MiB%n", cycle, last);
        atFirst = cycle == WARM_UP ? last : atFirst;
      }
    }
    System.out.printf(
        "%+.1f MiB in %d cycles, after %d to warm up%n", last - atFirst, cycles, WARM_UP);
  }

  private static SamplingModel load(Path folder) {
    try {
      return LoadedModel.load(folder, SessionOptions.DEFAULTS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double residentMebibytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToDouble(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0)
        .findFirst()
        .orElseThrow();
  }
}
