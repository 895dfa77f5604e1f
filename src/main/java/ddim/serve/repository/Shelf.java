package ddim.serve.repository;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.serve.batch.RefusedException;
import ddim.serve.repository.VersionStatus.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every version that was to be served, in its state, and the labels that stand for them.
 *
 * <p>Guarantees: a lease is given on available versions only, and what it was given on is not freed
 * before it is closed. Whoever takes a version off the shelf lets go of it exactly once.
 * Thread-safe.
 */
final class Shelf {
  private static final Duration LOADING_RETRY = Duration.ofSeconds(5);

  /** One version; its fields are guarded by the shelf. */
  private static final class Entry {
    State state = State.START;
    @Nullable String error;
    @Nullable ServedModel model; // while AVAILABLE
  }

  @GuardedBy("this")
  private final NavigableMap<String, NavigableMap<Long, Entry>> models = new TreeMap<>();

  @GuardedBy("this")
  private final Map<String, Map<String, Long>> labels = new TreeMap<>();

  /** What is not freed yet, whatever its state. */
  @GuardedBy("this")
  private final Set<ServedModel> live = new HashSet<>();

  @GuardedBy("this")
  private boolean starting = true;

  @GuardedBy("this")
  private boolean stopped;

  private final List<Consumer<VersionStatus>> listeners = new CopyOnWriteArrayList<>();

  /** Tells of every change of a state from now on, on the thread that made it. */
  void listen(Consumer<VersionStatus> listener) {
    listeners.add(listener);
  }

  /** The models of the start are loaded: what is not there now is unknown. */
  synchronized void started() {
    starting = false;
  }

  /** Whether the models of the start are loaded, and no shutdown has begun. */
  synchronized boolean isOpen() {
    return !starting && !stopped;
  }

  synchronized boolean isStopped() {
    return stopped;
  }

  /** A version is to be loaded, or is being loaded. */
  void set(String name, long version, State state) {
    synchronized (this) {
      Entry entry = new Entry();
      entry.state = state;
      put(name, version, entry);
    }
    tell(name, version);
  }

  /** A version could not be loaded. */
  void fail(String name, long version, String error) {
    synchronized (this) {
      Entry entry = new Entry();
      entry.state = State.END;
      entry.error = error;
      put(name, version, entry);
    }
    tell(name, version);
  }

  /** A version answers from now on. */
  void add(ServedModel model) {
    Entry entry = new Entry();
    synchronized (this) {
      entry.state = State.AVAILABLE;
      entry.model = model;
      put(model.name(), model.version(), entry);
      live.add(model);
      if (stopped) { // while it loaded
        var unused = model.batcher().shutdown(Duration.ZERO);
      }
    }
    tell(model.name(), model.version());
    var unused = model.unloaded().whenComplete((done, error) -> freed(model, entry));
  }

  /** Takes versions out of service; done when they are freed, after the last lease. */
  CompletableFuture<Void> remove(String name, Collection<Long> versions) {
    return allOf(versions.stream().map(version -> remove(name, version)).toList());
  }

  private CompletableFuture<Void> remove(String name, long version) {
    ServedModel model;
    synchronized (this) {
      Entry entry = versions(name).get(version);
      if (entry == null || entry.model == null) {
        return CompletableFuture.completedFuture(null);
      }
      model = entry.model;
      entry.model = null;
      entry.state = State.UNLOADING;
    }
    tell(name, version);
    model.release();
    return model.unloaded();
  }

  private void freed(ServedModel model, Entry entry) {
    synchronized (this) {
      live.remove(model);
      entry.state = State.END;
      entry.model = null; // its batcher may have ended by itself
    }
    tell(model.name(), model.version());
  }

  @GuardedBy("this")
  private NavigableMap<Long, Entry> versions(String name) {
    return models.getOrDefault(name, new TreeMap<>());
  }

  @GuardedBy("this")
  private void put(String name, long version, Entry entry) {
    models.computeIfAbsent(name, key -> new TreeMap<>()).put(version, entry);
  }

  /** Forgets the versions that have ended and are not among those. */
  synchronized void retain(String name, Set<Long> versions) {
    NavigableMap<Long, Entry> entries = versions(name);
    entries
        .entrySet()
        .removeIf(
            e ->
                !versions.contains(e.getKey())
                    && (e.getValue().state == State.END || e.getValue().state == State.START));
    if (entries.isEmpty()) {
      models.remove(name);
    }
  }

  /** The versions of a model that answer. */
  synchronized NavigableSet<Long> available(String name) {
    NavigableSet<Long> versions = new TreeSet<>();
    models
        .getOrDefault(name, new TreeMap<>())
        .forEach(
            (version, entry) -> {
              if (entry.model != null) {
                versions.add(version);
              }
            });
    return versions;
  }

  /** The models that anything is known of. */
  synchronized NavigableSet<String> names() {
    return new TreeSet<>(models.keySet());
  }

  synchronized Map<String, Long> labels(String name) {
    return labels.getOrDefault(name, Map.of());
  }

  synchronized void label(String name, Map<String, Long> newLabels) {
    labels.put(name, newLabels);
  }

  /** Every version, ordered by name and version. */
  synchronized List<VersionStatus> statuses() {
    List<VersionStatus> all = new ArrayList<>();
    models.forEach((name, v) -> v.keySet().forEach(version -> all.add(status(name, version))));
    return all;
  }

  private synchronized VersionStatus status(String name, long version) {
    Entry entry = versions(name).getOrDefault(version, new Entry());
    return new VersionStatus(name, version, entry.state, entry.error, labelsOf(name, version));
  }

  /** The labels that stand for a version now. */
  synchronized List<String> labelsOf(String name, long version) {
    return available(name).contains(version)
        ? labels(name).entrySet().stream()
            .filter(label -> label.getValue() == version)
            .map(Map.Entry::getKey)
            .sorted()
            .toList()
        : List.of();
  }

  /** Every version that answers, ordered by name and version. */
  synchronized List<ServedModel> ready() {
    return models.values().stream()
        .flatMap(versions -> versions.values().stream())
        .flatMap(entry -> Stream.ofNullable(entry.model))
        .toList();
  }

  /** As {@link ModelRepository#acquire}. */
  synchronized Lease acquire(String name, OptionalLong version) {
    NavigableSet<Long> available = available(name);
    if (version.isEmpty() ? available.isEmpty() : !available.contains(version.getAsLong())) {
      throw absent(name, version, available);
    }
    Entry entry = versions(name).get(version.orElseGet(available::last));
    ServedModel model = Objects.requireNonNull(Objects.requireNonNull(entry).model, "available");
    model.hold();
    return new Lease(model);
  }

  /** As {@link ModelRepository#acquireLabel}. */
  synchronized Lease acquireLabel(String name, String label) {
    Long version = labels(name).get(label);
    if (version != null) {
      return acquire(name, OptionalLong.of(version));
    }
    NavigableSet<Long> available = available(name);
    if (available.isEmpty()) {
      throw absent(name, OptionalLong.empty(), available);
    }
    throw new UnknownModelException(
        "model '%s' has no label '%s', there are %s"
            .formatted(name, label, new TreeSet<>(labels(name).keySet())));
  }

  @GuardedBy("this")
  private RuntimeException absent(String name, OptionalLong version, Set<Long> available) {
    if (stopped) { // what was there is no more; another replica may have it
      return new RefusedException(
          RefusedException.Reason.STOPPING, "the server is being shut down", null);
    }
    if (starting || isComing(name, version)) {
      return new RefusedException(
          RefusedException.Reason.LOADING,
          starting ? "the models are being loaded" : "model '" + name + "' is being loaded",
          LOADING_RETRY);
    }
    if (available.isEmpty()) {
      List<String> names = models.keySet().stream().filter(n -> !available(n).isEmpty()).toList();
      return new UnknownModelException("there is no model '" + name + "', there are " + names);
    }
    return new UnknownModelException(
        "model '%s' has no version %d, ready are %s"
            .formatted(name, version.orElseThrow(), available));
  }

  @GuardedBy("this")
  private boolean isComing(String name, OptionalLong version) {
    return versions(name).entrySet().stream()
        .filter(entry -> version.isEmpty() || entry.getKey() == version.getAsLong())
        .map(entry -> entry.getValue().state)
        .anyMatch(state -> state == State.LOADING || state == State.START);
  }

  /** As {@link ModelRepository#shutdown}. */
  CompletableFuture<Void> shutdown(Duration grace) {
    List<ServedModel> all;
    synchronized (this) {
      stopped = true;
      all = List.copyOf(live);
    }
    return allOf(all.stream().map(model -> model.batcher().shutdown(grace)).toList());
  }

  /** Done when all that was loaded is freed, after a shutdown. */
  CompletableFuture<Void> unloaded() {
    List<ServedModel> all;
    synchronized (this) {
      all = List.copyOf(live);
    }
    return allOf(all.stream().map(ServedModel::unloaded).toList());
  }

  private void tell(String name, long version) {
    VersionStatus status = status(name, version);
    listeners.forEach(listener -> listener.accept(status));
  }

  private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> all) {
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
  }
}
