package ddim.serve.repository;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What of a folder of models is served, and how it changes.
 *
 * @param root holds {@code NAME/VERSION/}
 * @param control who says what is loaded
 * @param pollEvery how often the folder is looked at when it is in control; zero is once, at start
 * @param models how single models are served. Others are served in their newest version when the
 *     folder is in control; when clients are, exactly these are loaded at start.
 * @param swap in which order a version takes another one's place
 */
public record RepositoryOptions(
    Path root, Control control, Duration pollEvery, List<ModelConfig> models, Swap swap) {

  /** Who says what is loaded. */
  public enum Control {
    /** The folder: what is copied into it is served, what is deleted from it is not. */
    POLL,
    /** Clients, by load and unload calls. */
    EXPLICIT
  }

  /** In which order a version takes another one's place. */
  public enum Swap {
    /** The new one is ready before the old one goes: no request is refused; memory for both. */
    LOAD_FIRST,
    /** The old one goes before the new one is loaded: in between requests are UNAVAILABLE. */
    UNLOAD_FIRST
  }

  /**
   * @throws IllegalArgumentException if a model is named twice or the time is negative
   */
  public RepositoryOptions {
    models = List.copyOf(models);
    if (pollEvery.isNegative()) {
      throw new IllegalArgumentException("poll_seconds must not be negative, is " + pollEvery);
    }
    Set<String> names = new HashSet<>();
    for (ModelConfig model : models) {
      if (!names.add(model.name())) {
        throw new IllegalArgumentException("model '" + model.name() + "' is configured twice");
      }
    }
  }

  /** The newest version of every model that is there now. */
  public static RepositoryOptions of(Path root) {
    return new RepositoryOptions(root, Control.POLL, Duration.ZERO, List.of(), Swap.LOAD_FIRST);
  }

  /** Nothing but this model. */
  public static RepositoryOptions only(Path root, ModelConfig model) {
    return new RepositoryOptions(
        root, Control.EXPLICIT, Duration.ZERO, List.of(model), Swap.LOAD_FIRST);
  }

  /** A copy that is looked at so often. */
  public RepositoryOptions withPollEvery(Duration newPollEvery) {
    return new RepositoryOptions(root, control, newPollEvery, models, swap);
  }

  /** A copy with these models. */
  public RepositoryOptions withModels(List<ModelConfig> newModels) {
    return new RepositoryOptions(root, control, pollEvery, newModels, swap);
  }

  /** A copy under other control. */
  public RepositoryOptions withControl(Control newControl) {
    return new RepositoryOptions(root, newControl, pollEvery, models, swap);
  }

  /** A copy with another order. */
  public RepositoryOptions withSwap(Swap newSwap) {
    return new RepositoryOptions(root, control, pollEvery, models, newSwap);
  }
}
