package ddim.serve.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.model.ModelFormatException;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatchListener;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.RefusedException;
import ddim.serve.batch.TimeSource;
import ddim.serve.repository.ModelControlException.Reason;
import ddim.serve.repository.RepositoryOptions.Control;
import ddim.serve.repository.VersionLoader.Eagerness;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of a folder {@code DIR/NAME/VERSION/}, each version with a batcher of its own.
 *
 * <p>What is served changes by {@link #loadAll}, by {@link #poll}, or by the calls of clients:
 * {@link #load}, {@link #unload}, {@link #apply}. One thread makes all changes, one after the
 * other; requests never wait for it. A version is loaded and warmed up before another one goes, and
 * a model is freed when nobody holds a lease on it: no request fails by a change. A version that
 * cannot be loaded leaves the others as they are, and {@link #index} has its reason; it is tried
 * again when its files change.
 *
 * <p>Names that clients send are looked up among those of the folder and never become a path.
 * Thread-safe.
 */
public final class ModelRepository implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelRepository.class);
  private static final int MOST_WAITING_CHANGES = 100;
  private static final Duration CHANGES_RETRY = Duration.ofSeconds(5);

  /** A version that is ready, with the labels that stand for it. */
  public record Ready(String name, long version, ModelSpec spec, List<String> labels) {}

  /**
   * A version, or a whole model, that could not be loaded.
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

  private final RepositoryOptions options;
  private final BatcherOptions batching;
  private final TimeSource time;
  private final Shelf shelf = new Shelf();
  private final VersionLoader loader;
  private final ModelUpdate update;
  private final ThreadPoolExecutor changes;

  /** The models that are configured, or that clients have asked for. */
  @GuardedBy("this")
  private final NavigableMap<String, ModelConfig> listed = new TreeMap<>();

  /** Whether models that are not listed are served too. */
  @GuardedBy("this")
  private boolean everyFolder;

  /** What is wrong with whole models. */
  @GuardedBy("this")
  private final NavigableMap<String, String> problems = new TreeMap<>();

  /**
   * A repository without models: see {@link #loadAll}.
   *
   * @param loader loads the model of a version folder; its exceptions say what is wrong with it
   * @param batching how the rows of every model become batches
   */
  public ModelRepository(
      RepositoryOptions options,
      Function<Path, SamplingModel> loader,
      BatcherOptions batching,
      TimeSource time) {
    this.options = options;
    this.batching = batching;
    this.time = time;
    this.loader = new VersionLoader(loader, batching, time);
    this.update = new ModelUpdate(shelf, this.loader, options.swap());
    this.changes = oneThread();
    this.everyFolder = options.control() == Control.POLL;
    options.models().forEach(model -> listed.put(model.name(), model));
  }

  /** Has listeners hear too of the batches of each version that is loaded from now on. */
  public void observe(BiFunction<String, Long, BatchListener> listeners) {
    loader.observe(listeners);
  }

  public BatcherOptions options() {
    return batching;
  }

  /** Who says what is loaded. */
  public Control control() {
    return options.control();
  }

  /**
   * Loads and warms up what is to be served at start, then polls from time to time if that is
   * configured. A version that cannot be loaded is reported by {@link #broken}.
   *
   * @throws ModelFormatException if the folder cannot be read
   */
  public void loadAll() {
    options.models().forEach(model -> shelf.label(model.name(), model.labels()));
    join(change(() -> reconcileAll(Eagerness.AT_ONCE)));
    shelf.started();
    pollLater();
  }

  /**
   * Looks at the folder: what is new is loaded once its files are the same in two looks, what is
   * gone is unloaded. Returns when that is done. A folder that cannot be read changes nothing.
   */
  public void poll() {
    join(change(() -> reconcileAll(Eagerness.SETTLED)));
  }

  private void pollLater() {
    if (options.control() == Control.POLL && !options.pollEvery().isZero()) {
      var unused = time.after(options.pollEvery(), this::pollNow);
    }
  }

  private void pollNow() {
    var unused =
        change(() -> reconcileAll(Eagerness.SETTLED))
            .whenComplete((done, error) -> pollAgain(error));
  }

  private void pollAgain(@Nullable Throwable error) {
    if (error != null && !shelf.isStopped()) {
      log.warn("the model repository could not be looked at; all is served as before", error);
    }
    if (!shelf.isStopped()) {
      pollLater();
    }
  }

  /**
   * Loads the versions of a model that its configuration wants, at its client's word: also those
   * that were broken before. Done when they are available; a version that is available stays.
   *
   * <p>Fails with {@link ModelControlException}: NOT_EXPLICIT unless clients are in control, BROKEN
   * with the reasons if a version cannot be loaded (others may be available all the same). Fails
   * with {@link UnknownModelException} if the folder has no such model, with {@link
   * RefusedException} if too many changes wait.
   */
  public CompletableFuture<Void> load(String name) {
    return change(
        () -> {
          requireExplicit();
          requireFolder(name);
          synchronized (this) {
            listed.computeIfAbsent(name, this::configured);
          }
          requireLoaded(reconcile(name, Eagerness.AT_ONCE));
        });
  }

  /**
   * Takes every version of a model out of service: new requests do not find it, those that have
   * begun end as they would. Done when it is out of service; its memory is free when its state is
   * END.
   *
   * <p>Fails with {@link ModelControlException} NOT_EXPLICIT unless clients are in control, with
   * {@link UnknownModelException} if nothing of it is loaded.
   */
  public CompletableFuture<Void> unload(String name) {
    return change(
        () -> {
          requireExplicit();
          NavigableSet<Long> versions = shelf.available(name);
          if (versions.isEmpty()) {
            throw new UnknownModelException("model '" + name + "' is not loaded");
          }
          synchronized (this) {
            listed.remove(name);
            problems.remove(name);
          }
          var unused = shelf.remove(name, versions);
        });
  }

  /**
   * Serves exactly these models from now on, under either control, as a reload configuration of
   * TensorFlow Serving has it: loads what is missing, unloads what is not among them, then moves
   * the labels. The folder is polled as before, for these models only.
   *
   * <p>Fails with {@link UnknownModelException} if the folder lacks one of them: then nothing has
   * changed. Fails with {@link ModelControlException}: BROKEN with the reasons if versions cannot
   * be loaded, LABEL_UNAVAILABLE if a label is of a version that is not available: then that
   * model's labels are as before.
   *
   * @throws IllegalArgumentException if a model is named twice
   */
  public CompletableFuture<Void> apply(List<ModelConfig> models) {
    options.withModels(models); // checks them
    return change(
        () -> {
          models.forEach(model -> requireFolder(model.name()));
          synchronized (this) {
            everyFolder = false;
            listed.clear();
            models.forEach(model -> listed.put(model.name(), model));
          }
          requireLoaded(reconcileAll(Eagerness.AT_ONCE));
          models.forEach(this::moveLabels);
        });
  }

  private void moveLabels(ModelConfig model) {
    NavigableSet<Long> available = shelf.available(model.name());
    model
        .labels()
        .forEach(
            (label, version) -> {
              if (!available.contains(version)) {
                throw new ModelControlException(
                    Reason.LABEL_UNAVAILABLE,
                    "label '%s' of model '%s' must be of an available version %s, is %d"
                        .formatted(label, model.name(), available, version));
              }
            });
    shelf.label(model.name(), model.labels());
  }

  /** The name and the version folders of every model that the folder has, loaded or not. */
  public NavigableMap<String, NavigableSet<Long>> folders() {
    NavigableMap<String, NavigableSet<Long>> folders = new TreeMap<>();
    ModelFolders.models(options.root())
        .forEach((name, path) -> folders.put(name, ModelFolders.versions(path).navigableKeySet()));
    return folders;
  }

  /**
   * Whether a path that a client sent means the folder of a model here: no other may be loaded.
   *
   * @param basePath the empty one means it too
   */
  public boolean isFolderOf(String name, String basePath) {
    if (basePath.isEmpty()) {
      return ModelConfig.NAME.matcher(name).matches();
    }
    try {
      Path root = options.root().toAbsolutePath().normalize();
      return ModelConfig.NAME.matcher(name).matches()
          && Path.of(basePath).toAbsolutePath().normalize().equals(root.resolve(name));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** Every version that was to be served, ordered by name and version, with its state. */
  public List<VersionStatus> index() {
    return shelf.statuses();
  }

  /**
   * Tells of every version that changes its state from now on; not in order where two threads
   * change it. The listener must neither block nor throw.
   */
  public void listen(Consumer<VersionStatus> listener) {
    shelf.listen(listener);
  }

  /** Every version that is ready, ordered by name and version. */
  public List<Ready> ready() {
    return shelf.ready().stream()
        .map(m -> new Ready(m.name(), m.version(), m.spec(), shelf.labelsOf(m.name(), m.version())))
        .toList();
  }

  /**
   * Whether clients can do their work: the models of the start are loaded, and no shutdown has
   * begun. Clients that are in control need no model for that: they load what they want.
   */
  public boolean isServing() {
    return shelf.isOpen() && (control() == Control.EXPLICIT || !shelf.ready().isEmpty());
  }

  /** How much there is to do for every version that is ready. */
  public List<Waiting> waiting() {
    return shelf.ready().stream()
        .map(m -> new Waiting(m.name(), m.version(), m.batcher().waiting()))
        .toList();
  }

  /** What could not be loaded, and why, ordered by folder. */
  public synchronized List<Broken> broken() {
    List<Broken> all = new ArrayList<>();
    problems.forEach((name, why) -> all.add(new Broken(options.root().resolve(name), why)));
    for (VersionStatus version : index()) {
      if (version.error() != null) {
        String folder = Long.toString(version.version());
        Path path = options.root().resolve(version.name()).resolve(folder);
        all.add(new Broken(path, version.error()));
      }
    }
    all.sort(Comparator.comparing(Broken::folder));
    return all;
  }

  /**
   * Takes a model into use.
   *
   * @param version the newest one that is ready if empty
   * @throws UnknownModelException if there is no such model; the message lists what there is
   * @throws RefusedException if it is being loaded
   */
  public Lease acquire(String name, OptionalLong version) {
    return shelf.acquire(name, version);
  }

  /**
   * Takes the version into use that a label stands for.
   *
   * @throws UnknownModelException if there is no such model or label, or its version is not there
   * @throws RefusedException if it is being loaded
   */
  public Lease acquireLabel(String name, String label) {
    return shelf.acquireLabel(name, label);
  }

  /**
   * Has every model take no more images and finish what it has begun within {@code grace}. Returns
   * at once.
   *
   * @return done when every caller has been answered
   */
  public CompletableFuture<Void> shutdown(Duration grace) {
    changes.shutdown(); // a change under way sees it between two versions
    return shelf.shutdown(grace);
  }

  /** Done when every model is freed, after a shutdown: no graph call is running any more. */
  public CompletableFuture<Void> unloaded() {
    return shelf.unloaded();
  }

  /** Refuses all that is left, and frees the models after the graph calls under way. */
  @Override
  public void close() {
    shutdown(Duration.ZERO).join();
    unloaded().join();
  }

  private List<String> reconcileAll(Eagerness eagerness) {
    NavigableMap<String, Path> folders = ModelFolders.models(options.root());
    NavigableSet<String> names = new TreeSet<>(shelf.names());
    synchronized (this) {
      names.addAll(everyFolder ? folders.keySet() : listed.keySet());
      problems.keySet().retainAll(names);
    }
    List<String> failed = new ArrayList<>();
    names.forEach(name -> failed.addAll(reconcile(name, eagerness)));
    loader.forget();
    return failed;
  }

  /** Brings one model to what is wanted of it; returns what failed in this attempt. */
  private List<String> reconcile(String name, Eagerness eagerness) {
    ModelConfig config;
    synchronized (this) {
      ModelConfig other = everyFolder ? ModelConfig.of(name) : null;
      config = listed.getOrDefault(name, other);
    }
    try {
      List<String> failed = update.run(name, config, options.root().resolve(name), eagerness);
      note(name, null);
      return failed;
    } catch (ModelFormatException e) {
      note(name, e.getMessage());
      return List.of(name + ": " + e.getMessage());
    }
  }

  private synchronized void note(String name, @Nullable String problem) {
    if (problem == null) {
      problems.remove(name);
    } else if (!problem.equals(problems.put(name, problem))) {
      log.warn("model {}: {}", name, problem);
    }
  }

  private ModelConfig configured(String name) {
    return options.models().stream()
        .filter(model -> model.name().equals(name))
        .findFirst()
        .orElseGet(() -> ModelConfig.of(name));
  }

  private void requireExplicit() {
    if (options.control() != Control.EXPLICIT) {
      throw new ModelControlException(
          Reason.NOT_EXPLICIT, "the model repository is polled: models cannot be loaded by calls");
    }
  }

  private void requireFolder(String name) {
    NavigableMap<String, Path> folders = ModelFolders.models(options.root());
    if (!folders.containsKey(name)) {
      throw new UnknownModelException(
          "there is no model '%s' in the repository, there are %s"
              .formatted(name, folders.keySet()));
    }
  }

  private static void requireLoaded(List<String> failed) {
    if (!failed.isEmpty()) {
      throw new ModelControlException(Reason.BROKEN, String.join("; ", failed));
    }
  }

  private CompletableFuture<Void> change(Runnable change) {
    try {
      return CompletableFuture.runAsync(change, changes);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(
          changes.isShutdown()
              ? new RefusedException(
                  RefusedException.Reason.STOPPING, "the server is being shut down", null)
              : new RefusedException(
                  RefusedException.Reason.QUEUE_FULL,
                  MOST_WAITING_CHANGES + " changes of the models wait already",
                  CHANGES_RETRY));
    }
  }

  private static void join(CompletableFuture<Void> change) {
    try {
      change.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static ThreadPoolExecutor oneThread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MOST_WAITING_CHANGES),
            task -> {
              Thread thread = new Thread(task, "ddim-models");
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }
}
