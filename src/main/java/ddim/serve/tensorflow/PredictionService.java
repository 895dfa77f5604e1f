package ddim.serve.tensorflow;

import com.google.protobuf.Any;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.rpc.Call;
import ddim.serve.rpc.MessageLimits;
import ddim.serve.rpc.OpenCalls;
import ddim.serve.signature.InputReader;
import ddim.serve.signature.Invocation;
import ddim.serve.signature.Signature;
import ddim.serve.signature.Tensor;
import ddim.serve.signature.TensorSpec;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import tensorflow.serving.GetModelMetadataRequest;
import tensorflow.serving.GetModelMetadataResponse;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictResponse;
import tensorflow.serving.PredictionServiceGrpc;

/** The service {@code tensorflow.serving.PredictionService}. No method waits for the model. */
public final class PredictionService extends PredictionServiceGrpc.PredictionServiceImplBase {
  private static final String SIGNATURE_DEF = "signature_def";

  private final ModelRepository models;
  private final MessageLimits limits;
  private final OpenCalls open;
  private final Executor replies;
  private final ServingWording wording = new ServingWording();

  /**
   * @param open the calls of all services
   * @param replies writes tensors and sends them
   */
  public PredictionService(
      ModelRepository models, MessageLimits limits, OpenCalls open, Executor replies) {
    this.models = models;
    this.limits = limits;
    this.open = open;
    this.replies = replies;
  }

  /** A valid request. */
  private record Prediction(
      Lease lease, Signature signature, Invocation invocation, List<TensorSpec> outputs) {
    PredictResponse reply(List<float[]> results) {
      PredictResponse.Builder response =
          PredictResponse.newBuilder()
              .setModelSpec(ModelSpecs.used(lease).setSignatureName(signature.name()));
      for (TensorSpec output : outputs) {
        response.putOutputs(output.name(), TensorProtos.write(invocation.output(output, results)));
      }
      return response.build();
    }
  }

  @Override
  public void predict(PredictRequest request, StreamObserver<PredictResponse> observer) {
    Prediction prediction;
    try {
      prediction = read(request);
    } catch (RuntimeException e) {
      throw ServingErrors.toStatus(e);
    }
    Lease lease = prediction.lease();
    var unused =
        lease.handOver(
            () -> {
              Invocation invocation = prediction.invocation();
              Call call = new Call(lease.batcher(), replies);
              ((ServerCallStreamObserver<PredictResponse>) observer)
                  .setOnCancelHandler(call::cancel);
              return open.run(call, open -> open.compute(invocation.rows(), invocation.listener()))
                  .thenApplyAsync(prediction::reply, replies)
                  .whenCompleteAsync(
                      (reply, error) -> send(lease, reply, error, observer), replies);
            });
  }

  @Override
  public void getModelMetadata(
      GetModelMetadataRequest request, StreamObserver<GetModelMetadataResponse> observer) {
    if (!request.hasModelSpec()) {
      throw ServingErrors.invalid("Missing ModelSpec");
    }
    if (request.getMetadataFieldCount() == 0) {
      throw ServingErrors.invalid(
          "GetModelMetadataRequest must specify at least one metadata_field");
    }
    for (String field : request.getMetadataFieldList()) {
      if (!field.equals(SIGNATURE_DEF)) {
        throw ServingErrors.invalid("Metadata field " + field + " is not supported");
      }
    }
    try (Lease lease = ModelSpecs.acquire(models, request.getModelSpec())) {
      observer.onNext(
          GetModelMetadataResponse.newBuilder()
              .setModelSpec(ModelSpecs.used(lease))
              .putMetadata(SIGNATURE_DEF, Any.pack(SignatureDefs.of(lease.spec())))
              .build());
      observer.onCompleted();
    }
  }

  private Prediction read(PredictRequest request) {
    if (!request.hasModelSpec()) {
      throw ServingErrors.invalid("Missing ModelSpec");
    }
    Lease lease = ModelSpecs.acquire(models, request.getModelSpec());
    return lease.handOver(() -> read(request, lease));
  }

  private Prediction read(PredictRequest request, Lease lease) {
    String name = ModelSpecs.signature(request.getModelSpec());
    Signature signature =
        Signature.find(lease.spec(), name)
            .orElseThrow(
                () ->
                    ServingErrors.of(
                        Status.FAILED_PRECONDITION,
                        "Serving signature key \"" + name + "\" not found."));
    Map<String, TensorProtos.Given> given = new LinkedHashMap<>();
    request.getInputsMap().forEach((key, proto) -> given.put(key, new TensorProtos.Given(proto)));
    int most = limits.maxRows(signature.replyBytesPerRow());
    Map<String, Tensor> inputs = new InputReader(signature, most, wording).read(given, Map.of());
    List<TensorSpec> outputs = outputs(signature, request.getOutputFilterList());
    return new Prediction(
        lease, signature, Invocation.of(lease, signature, inputs, List.of()), outputs);
  }

  private static List<TensorSpec> outputs(Signature signature, List<String> filter) {
    if (filter.isEmpty()) {
      return signature.outputs();
    }
    List<TensorSpec> outputs = new ArrayList<>();
    for (String name : filter) {
      TensorSpec output =
          signature.outputs().stream()
              .filter(candidate -> candidate.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      ServingErrors.invalid(
                          "output tensor alias not found in signature: "
                              + name
                              + " Outputs expected to be in the set {"
                              + String.join(",", ServingWording.names(signature.outputs()))
                              + "}."));
      if (outputs.contains(output)) {
        throw ServingErrors.invalid("duplicate output tensor alias: " + name);
      }
      outputs.add(output);
    }
    return outputs;
  }

  private static void send(
      Lease lease,
      @Nullable PredictResponse reply,
      @Nullable Throwable error,
      StreamObserver<PredictResponse> observer) {
    lease.close();
    if (reply == null) {
      observer.onError(
          ServingErrors.toStatus(error == null ? new IllegalStateException("no reply") : error));
      return;
    }
    try {
      observer.onNext(reply);
      observer.onCompleted();
    } catch (RuntimeException e) { // the caller must not wait for ever
      observer.onError(ServingErrors.toStatus(e));
    }
  }
}
