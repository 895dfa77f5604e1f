package ddim.serve.tensorflow;

import com.google.protobuf.Int64Value;
import ddim.serve.call.CallRecord;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.serve.signature.Signature;
import io.grpc.Status;
import java.util.OptionalLong;
import tensorflow.serving.ModelSpec;

/** Which model a request means. */
final class ModelSpecs {
  private ModelSpecs() {}

  /** Takes the model into use. */
  static Lease acquire(ModelRepository models, ModelSpec spec) {
    OptionalLong version = version(spec);
    try {
      Lease lease = models.acquire(spec.getName(), version);
      CallRecord.current().uses(lease.name(), lease.version());
      return lease;
    } catch (UnknownModelException e) {
      String wanted =
          version.isPresent()
              ? "Specific(" + spec.getName() + ", " + version.getAsLong() + ")"
              : "Latest(" + spec.getName() + ")";
      throw ServingErrors.of(Status.NOT_FOUND, "Servable not found for request: " + wanted);
    }
  }

  private static OptionalLong version(ModelSpec spec) {
    return switch (spec.getVersionChoiceCase()) {
      case VERSION -> OptionalLong.of(spec.getVersion().getValue());
      case VERSION_LABEL ->
          throw ServingErrors.invalid(
              "Unrecognized servable version label: " + spec.getVersionLabel());
      case VERSIONCHOICE_NOT_SET -> OptionalLong.empty();
    };
  }

  /** The signature that is meant. */
  static String signature(ModelSpec spec) {
    return spec.getSignatureName().isEmpty() ? Signature.SERVING_DEFAULT : spec.getSignatureName();
  }

  /** What the reply says was used. */
  static ModelSpec.Builder used(Lease lease) {
    return ModelSpec.newBuilder().setName(lease.name()).setVersion(Int64Value.of(lease.version()));
  }
}
