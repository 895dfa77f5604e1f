package ddim.serve.inference;

import ddim.serve.signature.ElementType;
import ddim.serve.signature.Signature;
import ddim.serve.signature.TensorSpec;
import ddim.serve.signature.Wording;
import io.grpc.StatusRuntimeException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * How Triton words what is wrong with inputs.
 *
 * @param id the request's
 * @param model its name
 */
record InferenceWording(String id, String model) implements Wording {
  private static final int MOST_DIMENSIONS = 16;

  @Override
  public String typeName(ElementType type) {
    return type == ElementType.FLOAT32 ? "FP32" : type.name();
  }

  @Override
  public StatusRuntimeException wrongInputs(Signature signature, Set<String> given) {
    List<String> names = signature.inputs().stream().map(TensorSpec::name).toList();
    List<String> unexpected = given.stream().filter(name -> !names.contains(name)).toList();
    if (given.size() == names.size() && !unexpected.isEmpty()) {
      return InferenceErrors.invalid(
          "unexpected inference input '" + unexpected.get(0) + "' for model '" + model + "'");
    }
    return invalid(
        "expected %d inputs but got %d inputs for model '%s'. Got input(s) %s, but missing required"
            + " input(s) %s. Please provide all required input(s).",
        names.size(),
        given.size(),
        model,
        quoted(new TreeSet<>(given)),
        quoted(names.stream().filter(name -> !given.contains(name)).toList()));
  }

  @Override
  public StatusRuntimeException wrongType(Signature signature, TensorSpec input, String given) {
    return invalid(
        "inference input '%s' data-type is '%s', but model '%s' expects '%s'",
        input.name(), given, model, typeName(input.type()));
  }

  @Override
  public StatusRuntimeException wrongShape(TensorSpec input, List<Long> given) {
    return given.isEmpty()
        ? invalid(
            "input '%s' has no shape but model requires batch dimension for '%s'",
            input.name(), model)
        : invalid(
            "unexpected shape for input '%s' for model '%s'. Expected %s, got %s.",
            input.name(), model, shape(input.shape()), shape(given));
  }

  @Override
  public StatusRuntimeException unequalRows(TensorSpec input) {
    return invalid(
        "input '%s' batch size does not match other inputs for '%s'", input.name(), model);
  }

  @Override
  public StatusRuntimeException tooManyRows(int most, long rows) {
    return invalid("inference request batch-size must be <= %d for '%s'", most, model);
  }

  StatusRuntimeException wrongSize(TensorSpec input, int expected, long given) {
    return invalid(
        "input byte size mismatch for input '%s' for model '%s'. Expected %d, got %d",
        input.name(), model, expected, given);
  }

  private StatusRuntimeException invalid(String message, Object... values) {
    return InferenceErrors.invalid(InferenceErrors.request(id) + message.formatted(values));
  }

  private static String quoted(Collection<String> names) {
    return names.stream().map(name -> "'" + name + "'").collect(Collectors.joining(",", "[", "]"));
  }

  private static String shape(List<Long> shape) {
    return shape.stream()
        .limit(MOST_DIMENSIONS)
        .map(String::valueOf)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
