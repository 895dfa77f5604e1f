package ddim.serve.repository;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What has become of one version of a model.
 *
 * @param name the model
 * @param version its version, from 1
 * @param state where it is on its way
 * @param error why it is not served; null unless loading it failed
 * @param labels the labels that stand for it now, ordered
 */
public record VersionStatus(
    String name, long version, State state, @Nullable String error, List<String> labels) {

  /** The way of a version; the names are those of TensorFlow Serving. */
  public enum State {
    /** Seen; its files are still being copied, or others are loaded first. */
    START,
    /** Being loaded and warmed up. */
    LOADING,
    /** Answers requests. */
    AVAILABLE,
    /** Takes no new requests, finishes those it has. */
    UNLOADING,
    /** Freed, or never loaded because of the error. */
    END
  }
}
