package ddim.serve.repository;

import ddim.model.ModelFormatException;
import ddim.serve.repository.RepositoryOptions.Swap;
import ddim.serve.repository.VersionLoader.Advice;
import ddim.serve.repository.VersionLoader.Eagerness;
import ddim.serve.repository.VersionStatus.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Brings the versions of one model from what is loaded to what is wanted.
 *
 * <p>Goes through the candidates of the policy from the newest on until enough are available,
 * passing over those that do not load; then the others go. While no candidate is available, what is
 * available stays. Used by one thread.
 */
final class ModelUpdate {
  private final Shelf shelf;
  private final VersionLoader loader;
  private final Swap swap;

  ModelUpdate(Shelf shelf, VersionLoader loader, Swap swap) {
    this.shelf = shelf;
    this.loader = loader;
    this.swap = swap;
  }

  /**
   * @param config null to unload the model
   * @param folder holds the versions; it need not be there
   * @return which versions failed to load in this attempt, and why
   * @throws ModelFormatException if the folder cannot be read, or lacks what is wanted
   */
  List<String> run(String name, @Nullable ModelConfig config, Path folder, Eagerness eagerness) {
    if (config == null || !Files.isDirectory(folder)) {
      var unused = shelf.remove(name, shelf.available(name));
      shelf.retain(name, Set.of());
      if (config != null && eagerness == Eagerness.AT_ONCE) {
        throw new ModelFormatException("no such folder");
      }
      return List.of();
    }
    NavigableMap<Long, Path> versions = ModelFolders.versions(folder);
    shelf.retain(name, versions.keySet());
    List<Long> candidates = config.versions().candidates(versions.keySet());
    List<String> failed = new ArrayList<>();
    NavigableSet<Long> kept = new TreeSet<>();
    NavigableSet<Long> removed = new TreeSet<>();
    for (long version : candidates) {
      if (kept.size() == config.versions().atMost() || shelf.isStopped()) {
        break;
      }
      Path path = folder.resolve(Long.toString(version));
      if (shelf.available(name).contains(version)) {
        kept.add(version);
      } else if (isDue(name, version, path, eagerness)) {
        if (swap == Swap.UNLOAD_FIRST) {
          shelf.set(name, version, State.START); // whoever asks meanwhile may try again
          removed.addAll(makeRoom(name, config, candidates, kept));
        }
        if (load(name, version, path, failed)) {
          kept.add(version);
        }
      }
    }
    settle(name, kept, removed, candidates, versions);
    requireWanted(name, config, versions.keySet());
    return failed;
  }

  /** Unloads what is not kept; or, if nothing could be, sees that what was there is. */
  private void settle(
      String name,
      Set<Long> kept,
      Set<Long> removed,
      List<Long> candidates,
      NavigableMap<Long, Path> versions) {
    if (kept.isEmpty() && !candidates.isEmpty()) {
      for (long version : removed) {
        Path path = versions.get(version);
        if (path != null && !shelf.available(name).contains(version)) {
          load(name, version, path, new ArrayList<>());
        }
      }
      return;
    }
    NavigableSet<Long> surplus = shelf.available(name);
    surplus.removeAll(kept);
    var unused = shelf.remove(name, surplus);
  }

  private boolean isDue(String name, long version, Path path, Eagerness eagerness) {
    Advice advice = loader.look(path, eagerness);
    if (advice == Advice.WAIT) {
      shelf.set(name, version, State.START);
    }
    return advice == Advice.LOAD;
  }

  /** Unloads what would not be served beside one more version; returns when it is freed. */
  private Set<Long> makeRoom(
      String name, ModelConfig config, List<Long> candidates, Set<Long> kept) {
    NavigableSet<Long> available = shelf.available(name);
    available.removeAll(kept);
    Set<Long> gone = new HashSet<>();
    for (long version : available) { // the oldest first
      int left = kept.size() + available.size() - gone.size();
      if (!candidates.contains(version) || left >= config.versions().atMost()) {
        gone.add(version);
      }
    }
    shelf.remove(name, gone).join();
    return gone;
  }

  private boolean load(String name, long version, Path path, List<String> failed) {
    shelf.set(name, version, State.LOADING);
    try {
      shelf.add(loader.load(name, version, path));
      return true;
    } catch (RuntimeException | Error e) {
      String reason = String.valueOf(e.getMessage());
      shelf.fail(name, version, reason);
      failed.add(name + " version " + version + ": " + reason);
      return false;
    }
  }

  private static void requireWanted(String name, ModelConfig config, Set<Long> versions) {
    if (versions.isEmpty()) {
      throw new ModelFormatException("has no version folder, such as " + name + "/1");
    }
    if (config.versions() instanceof VersionPolicy.Specific some
        && !versions.containsAll(some.versions())) {
      throw new ModelFormatException(
          "has no version folder for all of " + some.versions() + ", has " + versions);
    }
  }
}
