package ddim.serve.inference;

import ddim.serve.error.Errors;
import ddim.serve.repository.ModelControlException;
import ddim.serve.repository.ModelControlException.Reason;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.serve.repository.VersionStatus;
import inference.RepositoryIndexResponse;
import inference.RepositoryIndexResponse.ModelIndex;
import inference.RepositoryModelLoadRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.TreeSet;

/** The repository as Triton tells of it, and what it says to those who would change it. */
final class RepositoryControl {
  private RepositoryControl() {}

  /**
   * Every version that was to be served, and the names of models that are only there to be loaded.
   *
   * @param readyOnly leave out what cannot be asked
   */
  static RepositoryIndexResponse index(ModelRepository models, boolean readyOnly) {
    RepositoryIndexResponse.Builder response = RepositoryIndexResponse.newBuilder();
    Set<String> names = readyOnly ? new TreeSet<>() : new TreeSet<>(models.folders().keySet());
    for (VersionStatus version : models.index()) {
      names.remove(version.name());
      if (!readyOnly || version.state() == VersionStatus.State.AVAILABLE) {
        ModelIndex.Builder entry =
            response
                .addModelsBuilder()
                .setName(version.name())
                .setVersion(Long.toString(version.version()))
                .setState(state(version.state()));
        if (version.error() != null) {
          entry.setReason(version.error());
        }
      }
    }
    names.forEach(name -> response.addModelsBuilder().setName(name));
    return response.build();
  }

  private static String state(VersionStatus.State state) {
    return switch (state) {
      case START, LOADING -> "LOADING";
      case AVAILABLE -> "READY";
      case UNLOADING -> "UNLOADING";
      case END -> "UNAVAILABLE";
    };
  }

  /** Refuses what no load can do. */
  static void check(RepositoryModelLoadRequest request) {
    String name = request.getModelName();
    if (name.isBlank()) {
      throw InferenceErrors.invalid(
          "Model name cannot be empty. Please enter a valid name to deploy.");
    }
    if (name.contains("/") || name.contains("\\") || name.contains("..")) {
      throw InferenceErrors.invalid(
          "invalid model name '"
              + name
              + "', model name must not contain path traversal characters");
    }
    for (String parameter : request.getParametersMap().keySet()) {
      throw InferenceErrors.invalid("Unrecognized load parameter '" + parameter + "'");
    }
  }

  static StatusRuntimeException notLoaded(String name, Throwable error) {
    Throwable cause = Errors.unwrap(error);
    if (cause instanceof ModelControlException control && control.reason() == Reason.BROKEN) {
      return InferenceErrors.invalid("load failed for model '" + name + "': " + cause.getMessage());
    }
    return cause instanceof UnknownModelException
        ? InferenceErrors.of(
            Status.INTERNAL, "failed to load '" + name + "', failed to poll from model repository")
        : refusal(cause);
  }

  static StatusRuntimeException notUnloaded(Throwable error) {
    Throwable cause = Errors.unwrap(error);
    return cause instanceof UnknownModelException
        ? InferenceErrors.invalid("Model to be unloaded has not been served")
        : refusal(cause);
  }

  private static StatusRuntimeException refusal(Throwable cause) {
    return cause instanceof ModelControlException control && control.reason() == Reason.NOT_EXPLICIT
        ? InferenceErrors.of(
            Status.UNAVAILABLE, "explicit model load / unload is not allowed if polling is enabled")
        : InferenceErrors.toStatus(cause, "");
  }
}
