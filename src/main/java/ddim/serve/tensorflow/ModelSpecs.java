package ddim.serve.tensorflow;

import com.google.protobuf.Int64Value;
import ddim.serve.call.CallRecord;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.serve.signature.Signature;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.OptionalLong;
import tensorflow.serving.ModelSpec;

/** Which model a request means. */
final class ModelSpecs {
  private ModelSpecs() {}

  /** Takes the model into use. */
  static Lease acquire(ModelRepository models, ModelSpec spec) {
    Lease lease =
        spec.getVersionChoiceCase() == ModelSpec.VersionChoiceCase.VERSION_LABEL
            ? acquireLabel(models, spec)
            : acquireVersion(models, spec);
    CallRecord.current().uses(lease.name(), lease.version());
    return lease;
  }

  private static Lease acquireVersion(ModelRepository models, ModelSpec spec) {
    OptionalLong version =
        spec.hasVersion() ? OptionalLong.of(spec.getVersion().getValue()) : OptionalLong.empty();
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

  private static Lease acquireLabel(ModelRepository models, ModelSpec spec) {
    try {
      return models.acquireLabel(spec.getName(), spec.getVersionLabel());
    } catch (UnknownModelException e) {
      throw unknownLabel(spec);
    }
  }

  static StatusRuntimeException unknownLabel(ModelSpec spec) {
    return ServingErrors.invalid("Unrecognized servable version label: " + spec.getVersionLabel());
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
