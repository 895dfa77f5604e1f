package ddim.serve.tensorflow;

import ddim.serve.repository.ModelConfig;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.VersionPolicy;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy;
import tensorflow.serving.ReloadConfigRequest;

/** The models that a reload configuration lists. */
final class ReloadConfigs {
  private static final Set<String> PLATFORMS = Set.of("", "tensorflow");

  private ReloadConfigs() {}

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT if they cannot be served
   */
  static List<ModelConfig> read(ReloadConfigRequest request, ModelRepository models) {
    if (!request.getConfig().hasModelConfigList()) {
      throw ServingErrors.invalid(
          "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList"
              + " is currently supported");
    }
    Set<String> names = new HashSet<>();
    for (tensorflow.serving.ModelConfig model :
        request.getConfig().getModelConfigList().getConfigList()) {
      if (!names.add(model.getName())) {
        throw ServingErrors.invalid(
            "Illegal to list model " + model.getName() + " multiple times in config list");
      }
      if (!PLATFORMS.contains(model.getModelPlatform())) {
        throw ServingErrors.invalid(
            "model_platform of model "
                + model.getName()
                + " must be tensorflow, is "
                + model.getModelPlatform());
      }
      if (!models.isFolderOf(model.getName(), model.getBasePath())) {
        throw ServingErrors.invalid(
            "Expected model "
                + model.getName()
                + " to have its folder in the model repository, or none; got base_path()="
                + model.getBasePath());
      }
    }
    return request.getConfig().getModelConfigList().getConfigList().stream()
        .map(ReloadConfigs::config)
        .toList();
  }

  private static ModelConfig config(tensorflow.serving.ModelConfig model) {
    try {
      return new ModelConfig(
          model.getName(), policy(model.getModelVersionPolicy()), model.getVersionLabelsMap());
    } catch (IllegalArgumentException e) {
      throw ServingErrors.invalid(String.valueOf(e.getMessage()));
    }
  }

  private static VersionPolicy policy(ServableVersionPolicy policy) {
    return switch (policy.getPolicyChoiceCase()) {
      case LATEST -> new VersionPolicy.Latest(Math.max(1, policy.getLatest().getNumVersions()));
      case ALL -> new VersionPolicy.All();
      case SPECIFIC ->
          new VersionPolicy.Specific(new TreeSet<>(policy.getSpecific().getVersionsList()));
      case POLICYCHOICE_NOT_SET -> VersionPolicy.NEWEST;
    };
  }
}
