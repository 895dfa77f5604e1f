package ddim.serve.inference;

import ddim.serve.call.CallRecord;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import java.util.OptionalLong;

/** Which model a request means. */
final class ModelNames {
  private ModelNames() {}

  /** Takes the model into use. */
  static Lease acquire(ModelRepository models, String name, String version) {
    OptionalLong number = version(version);
    try {
      Lease lease = models.acquire(name, number);
      CallRecord.current().uses(lease.name(), lease.version());
      return lease;
    } catch (UnknownModelException e) {
      throw InferenceErrors.unknownModel(name, number);
    }
  }

  /** The version that a client has written; empty for any. */
  static OptionalLong version(String version) {
    if (version.isEmpty()) {
      return OptionalLong.empty();
    }
    long number;
    try {
      number = Long.parseLong(version);
    } catch (NumberFormatException e) {
      throw InferenceErrors.invalid(
          "failed to get model version from specified version string '"
              + version
              + "' (details: stol), version should be an integral value > 0");
    }
    if (number < 0) {
      throw InferenceErrors.invalid(
          "invalid model version specified '"
              + version
              + "' , version should be an integral value > 0");
    }
    return OptionalLong.of(number);
  }
}
