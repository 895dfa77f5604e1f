package ddim.serve.inference;

import ddim.model.ModelSpec;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.repository.Lease;
import ddim.serve.rpc.MessageLimits;
import ddim.serve.signature.ElementType;
import ddim.serve.signature.Signature;
import ddim.serve.signature.TensorSpec;
import inference.DataType;
import inference.ModelConfig;
import inference.ModelDynamicBatching;
import inference.ModelInput;
import inference.ModelMetadataResponse;
import inference.ModelMetadataResponse.TensorMetadata;
import inference.ModelOutput;
import inference.ModelParameter;
import inference.ModelTransactionPolicy;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Collectors;

/** What a model takes and gives. */
final class TensorDescriptions {
  private static final String PLATFORM = "tensorflow_savedmodel";

  private TensorDescriptions() {}

  /** How the protocol calls a type. */
  static String typeName(ElementType type) {
    return type == ElementType.FLOAT32 ? "FP32" : type.name();
  }

  static ModelMetadataResponse metadata(Lease lease, List<Long> versions) {
    ModelMetadataResponse.Builder response =
        ModelMetadataResponse.newBuilder()
            .setName(lease.name())
            .addAllVersions(versions.stream().map(String::valueOf).toList())
            .setPlatform(PLATFORM);
    for (Signature signature : Signature.of(lease.spec())) {
      if (signature.name().equals(Signature.SERVING_DEFAULT)) {
        signature.inputs().forEach(input -> response.addInputs(metadata(input)));
        signature.outputs().forEach(output -> response.addOutputs(metadata(output)));
      } else {
        response.putProperties("signature." + signature.name(), text(signature));
      }
    }
    return response.build();
  }

  static ModelConfig config(Lease lease, MessageLimits limits) {
    BatcherOptions batching = lease.batcher().calibration().options();
    ModelSpec spec = lease.spec();
    Signature signature = Signature.find(spec, Signature.SERVING_DEFAULT).orElseThrow();
    ModelConfig.Builder config =
        ModelConfig.newBuilder()
            .setName(lease.name())
            .setPlatform(PLATFORM)
            .setBackend("tensorflow")
            .setMaxBatchSize(limits.maxRows(signature.replyBytesPerRow()))
            .setDynamicBatching(
                ModelDynamicBatching.newBuilder()
                    .addAllPreferredBatchSize(batching.allowedBatchSizes())
                    .setPriorityLevels(batching.priorityLevels())
                    .setDefaultPriorityLevel(batching.defaultPriorityLevel())
                    .setMaxQueueDelayMicroseconds(
                        batching.batchTimeout().dividedBy(ChronoUnit.MICROS.getDuration())))
            .setModelTransactionPolicy(ModelTransactionPolicy.getDefaultInstance());
    for (TensorSpec input : signature.inputs()) {
      config.addInput(
          ModelInput.newBuilder()
              .setName(input.name())
              .setDataType(dataType(input.type()))
              .addAllDims(input.rowShape()));
    }
    for (TensorSpec output : signature.outputs()) {
      config.addOutput(
          ModelOutput.newBuilder()
              .setName(output.name())
              .setDataType(dataType(output.type()))
              .addAllDims(output.rowShape()));
    }
    for (Signature other : Signature.of(spec)) {
      config.putParameters(
          "signature." + other.name(),
          ModelParameter.newBuilder().setStringValue(text(other)).build());
    }
    return config.build();
  }

  private static TensorMetadata metadata(TensorSpec tensor) {
    return TensorMetadata.newBuilder()
        .setName(tensor.name())
        .setDatatype(typeName(tensor.type()))
        .addAllShape(tensor.shape())
        .build();
  }

  private static DataType dataType(ElementType type) {
    return switch (type) {
      case FLOAT32 -> DataType.TYPE_FP32;
      case INT32 -> DataType.TYPE_INT32;
      case INT64 -> DataType.TYPE_INT64;
      case UINT8 -> DataType.TYPE_UINT8;
    };
  }

  private static String text(Signature signature) {
    return text(signature.inputs()) + " -> " + text(signature.outputs());
  }

  private static String text(List<TensorSpec> tensors) {
    return tensors.stream()
        .map(tensor -> tensor.name() + " " + typeName(tensor.type()) + tensor.shape())
        .collect(Collectors.joining(", "));
  }
}
