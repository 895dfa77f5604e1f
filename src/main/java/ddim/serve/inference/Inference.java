package ddim.serve.inference;

import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.rpc.MessageLimits;
import ddim.serve.signature.InputReader;
import ddim.serve.signature.Invocation;
import ddim.serve.signature.Signature;
import ddim.serve.signature.Tensor;
import ddim.serve.signature.TensorSpec;
import inference.InferParameter;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferRequestedOutputTensor;
import inference.ModelInferResponse;
import inference.ModelInferResponse.InferOutputTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A valid request, whichever way it came.
 *
 * @param lease the model, in use until the reply is made
 * @param priority as the batcher takes it
 */
record Inference(
    String id,
    Lease lease,
    int priority,
    InferParameters parameters,
    Signature signature,
    Invocation invocation,
    List<TensorSpec> outputs) {
  private static final String FINAL = "triton_final_response";

  /**
   * @throws RuntimeException for {@link InferenceErrors#toStatus} if anything is wrong with it
   */
  static Inference of(ModelInferRequest request, ModelRepository models, MessageLimits limits) {
    Lease lease = ModelNames.acquire(models, request.getModelName(), request.getModelVersion());
    return lease.handOver(() -> of(request, lease, models.options().priorityLevels(), limits));
  }

  private static Inference of(
      ModelInferRequest request, Lease lease, int priorityLevels, MessageLimits limits) {
    InferenceWording wording = new InferenceWording(request.getId(), request.getModelName());
    InferParameters parameters = InferParameters.of(request);
    Signature signature =
        Signature.find(lease.spec(), parameters.signature())
            .orElseThrow(
                () ->
                    InferenceErrors.invalid(
                        "unexpected signature '%s' for model '%s', there are %s"
                            .formatted(
                                parameters.signature(),
                                lease.name(),
                                Signature.of(lease.spec()).stream()
                                    .map(Signature::name)
                                    .toList())));
    if (!parameters.previewAfter().isEmpty() && !signature.givesImages()) {
      throw InferenceErrors.invalid(
          "parameter 'preview_after' must be absent for signature '%s', which gives no images, is %s"
              .formatted(signature.name(), parameters.previewAfter()));
    }
    Map<String, InferInput> given = InferInput.of(request, wording);
    List<TensorSpec> outputs = outputs(request, signature);
    int most = limits.maxRows(signature.replyBytesPerRow());
    Map<String, Tensor> inputs =
        new InputReader(signature, most, wording)
            .read(given, constants(parameters, signature, given));
    return new Inference(
        request.getId(),
        lease,
        parameters.priority() > priorityLevels ? 0 : parameters.priority(), // as Triton does
        parameters,
        signature,
        Invocation.of(lease, signature, inputs, parameters.previewAfter()),
        outputs);
  }

  /** Parameters in the place of inputs that the signature has and the request has not. */
  private static Map<String, Number> constants(
      InferParameters parameters, Signature signature, Map<String, InferInput> given) {
    Map<String, Number> constants = new LinkedHashMap<>(parameters.constants());
    constants
        .keySet()
        .removeIf(
            name ->
                given.containsKey(name)
                    || signature.inputs().stream().noneMatch(input -> input.name().equals(name)));
    return constants;
  }

  private static List<TensorSpec> outputs(ModelInferRequest request, Signature signature) {
    if (request.getOutputsCount() == 0) {
      return signature.outputs();
    }
    List<TensorSpec> outputs = new ArrayList<>();
    for (InferRequestedOutputTensor wanted : request.getOutputsList()) {
      TensorSpec output =
          signature.outputs().stream()
              .filter(candidate -> candidate.name().equals(wanted.getName()))
              .findFirst()
              .orElseThrow(
                  () ->
                      InferenceErrors.invalid(
                          "unexpected inference output '%s' for model '%s'"
                              .formatted(wanted.getName(), request.getModelName())));
      if (outputs.contains(output)) {
        throw InferenceErrors.invalid(
            "%soutput '%s' already exists in request"
                .formatted(InferenceErrors.request(request.getId()), output.name()));
      }
      outputs.add(output);
    }
    return outputs;
  }

  /** The reply. */
  ModelInferResponse reply(List<float[]> results) {
    ModelInferResponse.Builder response = response();
    for (TensorSpec output : outputs) {
      add(response, output.name(), invocation.output(output, results));
    }
    return response.build();
  }

  /** The reply, which in a stream says that it is the last of its request. */
  ModelInferResponse finalReply(List<float[]> results) {
    return reply(results).toBuilder().putParameters(FINAL, flag(true)).build();
  }

  /**
   * The clean image that a row is predicted to become.
   *
   * @param row its place in the request
   * @param steps how many it has taken
   */
  ModelInferResponse preview(int row, int steps, float[] x0) {
    List<float[]> one = List.of(x0);
    ModelInferResponse.Builder response = response();
    for (TensorSpec output : outputs) {
      add(response, output.name(), invocation.output(output, one));
    }
    return response
        .putParameters("row", InferParameter.newBuilder().setInt64Param(row).build())
        .putParameters("steps", InferParameter.newBuilder().setInt64Param(steps).build())
        .putParameters(FINAL, flag(false))
        .build();
  }

  private ModelInferResponse.Builder response() {
    return ModelInferResponse.newBuilder()
        .setModelName(lease.name())
        .setModelVersion(Long.toString(lease.version()))
        .setId(id);
  }

  private static InferParameter flag(boolean value) {
    return InferParameter.newBuilder().setBoolParam(value).build();
  }

  /** Always raw: Triton's clients read nothing else. */
  private static void add(ModelInferResponse.Builder response, String name, Tensor tensor) {
    response
        .addOutputs(
            InferOutputTensor.newBuilder()
                .setName(name)
                .setDatatype(TensorDescriptions.typeName(tensor.type()))
                .addAllShape(tensor.shape()))
        .addRawOutputContents(tensor.data());
  }
}
