package ddim.serve.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.ModelFormatException;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatchListener;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Calibration;
import ddim.serve.batch.RefusedException;
import ddim.serve.batch.TimeSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of a folder {@code DIR/NAME/VERSION/}, each version with a batcher of its own.
 *
 * <p>Names that clients send are looked up among the loaded models and never become a path. A model
 * is unloaded when nobody holds a lease on it. Thread-safe.
 */
public final class ModelRepository implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelRepository.class);
  private static final Duration LOADING_RETRY = Duration.ofSeconds(5);

  /** A version that is ready. */
  public record Ready(String name, long version, ModelSpec spec) {}

  /**
   * A version that could not be loaded.
   *
   * @param folder where it lies
   * @param reason what is wrong with it
   */
  public record Broken(Path folder, String reason) {}

  /**
   * How much there is to do for a version.
   *
   * @param images how many wait for their first step
   */
  public record Waiting(String name, long version, int images) {}

  private final Path root;
  private final Function<Path, SamplingModel> loader;
  private final BatcherOptions options;
  private final TimeSource time;
  private volatile BiFunction<String, Long, BatchListener> listeners =
      (name, version) -> BatchListener.NONE;

  @GuardedBy("this")
  private final NavigableMap<String, NavigableMap<Long, ServedModel>> models = new TreeMap<>();

  @GuardedBy("this")
  private final List<Broken> broken = new ArrayList<>();

  @GuardedBy("this")
  private boolean loading = true;

  @GuardedBy("this")
  private boolean stopped;

  /**
   * A repository without models: see {@link #loadAll}.
   *
   * @param root holds a folder for each name
   * @param loader loads the model of a version folder; its exceptions say what is wrong with it
   * @param options how the rows of every model become batches
   */
  public ModelRepository(
      Path root, Function<Path, SamplingModel> loader, BatcherOptions options, TimeSource time) {
    this.root = root;
    this.loader = loader;
    this.options = options;
    this.time = time;
  }

  /** Has listeners hear of the batches of each version that is loaded from now on. */
  public void observe(BiFunction<String, Long, BatchListener> newListeners) {
    listeners = newListeners;
  }

  public BatcherOptions options() {
    return options;
  }

  /**
   * Loads and warms up the newest version of every model, or, where that is broken, the newest one
   * that is not.
   *
   * @throws ModelFormatException if the folder cannot be read
   */
  public void loadAll() {
    ModelFolders.scan(root).forEach(this::loadNewest);
    synchronized (this) {
      loading = false;
    }
  }

  private void loadNewest(String name, NavigableMap<Long, Path> versions) {
    if (versions.isEmpty()) {
      report(root.resolve(name), "has no version folder, such as " + name + "/1");
    }
    for (var version : versions.descendingMap().entrySet()) {
      if (isStopped() || load(name, version.getKey(), version.getValue())) {
        return;
      }
    }
  }

  private boolean load(String name, long version, Path folder) {
    long begin = time.nanoTime();
    try {
      SamplingModel model = loader.apply(folder);
      try {
        Calibration calibration = Calibration.measure(model, options, time);
        String thread = name + "-" + version;
        Batcher batcher =
            Batcher.start(thread, model, calibration, time, listeners.apply(name, version));
        add(new ServedModel(name, version, model, batcher));
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    } catch (RuntimeException e) {
      log.warn("model {} version {} is not served", name, version, e);
      report(folder, String.valueOf(e.getMessage()));
      return false;
    }
    long millis = Duration.ofNanos(time.nanoTime() - begin).toMillis();
    log.info("model {} version {} is ready after {} ms", name, version, millis);
    return true;
  }

  private synchronized void add(ServedModel model) {
    models.computeIfAbsent(model.name(), name -> new TreeMap<>()).put(model.version(), model);
    if (stopped) { // while it loaded
      var unused = model.batcher().shutdown(Duration.ZERO);
    }
  }

  private synchronized boolean isStopped() {
    return stopped;
  }

  private synchronized void report(Path folder, String reason) {
    broken.add(new Broken(folder, reason));
  }

  /** Every version that is ready, ordered by name and version. */
  public synchronized List<Ready> ready() {
    return loaded().stream().map(m -> new Ready(m.name(), m.version(), m.spec())).toList();
  }

  /** How much there is to do for every version that is ready. */
  public synchronized List<Waiting> waiting() {
    return loaded().stream()
        .map(m -> new Waiting(m.name(), m.version(), m.batcher().waiting()))
        .toList();
  }

  /** What could not be loaded, and why. */
  public synchronized List<Broken> broken() {
    return List.copyOf(broken);
  }

  /**
   * Takes a model into use.
   *
   * @param version the newest one that is ready if empty
   * @throws UnknownModelException if there is no such model; the message lists what there is
   * @throws RefusedException if there is none yet, because the models are being loaded
   */
  public synchronized Lease acquire(String name, OptionalLong version) {
    ServedModel model = find(name, version);
    model.hold();
    return new Lease(model);
  }

  private synchronized ServedModel find(String name, OptionalLong version) {
    NavigableMap<Long, ServedModel> versions = models.getOrDefault(name, new TreeMap<>());
    ServedModel model = versions.get(version.orElse(versions.isEmpty() ? 0 : versions.lastKey()));
    if (model != null) {
      return model;
    }
    if (loading) {
      throw new RefusedException(
          RefusedException.Reason.LOADING, "the models are being loaded", LOADING_RETRY);
    }
    throw new UnknownModelException(
        versions.isEmpty()
            ? "there is no model '" + name + "', there are " + models.keySet()
            : "model '%s' has no version %d, ready are %s"
                .formatted(name, version.orElseThrow(), versions.keySet()));
  }

  /**
   * Takes a version out of service; who holds a lease on it may go on.
   *
   * @return done when it is freed, after the last lease
   * @throws UnknownModelException if there is no such model
   */
  public CompletableFuture<Void> unload(String name, long version) {
    ServedModel model;
    synchronized (this) {
      model = find(name, OptionalLong.of(version));
      NavigableMap<Long, ServedModel> versions = models.get(name);
      if (versions != null && versions.remove(version) != null && versions.isEmpty()) {
        models.remove(name);
      }
    }
    model.release();
    return model.unloaded();
  }

  /**
   * Has every model take no more images and finish what it has begun within {@code grace}. Returns
   * at once.
   *
   * @return done when every caller has been answered
   */
  public CompletableFuture<Void> shutdown(Duration grace) {
    List<ServedModel> all;
    synchronized (this) {
      stopped = true;
      all = loaded();
    }
    return allOf(all.stream().map(model -> model.batcher().shutdown(grace)).toList());
  }

  /** Done when every model is freed, after a shutdown: no graph call is running any more. */
  public CompletableFuture<Void> unloaded() {
    List<ServedModel> all;
    synchronized (this) {
      all = loaded();
    }
    return allOf(all.stream().map(ServedModel::unloaded).toList());
  }

  /** Refuses all that is left, and frees the models after the graph calls under way. */
  @Override
  public void close() {
    shutdown(Duration.ZERO).join();
    unloaded().join();
  }

  private synchronized List<ServedModel> loaded() {
    return models.values().stream().flatMap(versions -> versions.values().stream()).toList();
  }

  private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> all) {
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
  }
}
