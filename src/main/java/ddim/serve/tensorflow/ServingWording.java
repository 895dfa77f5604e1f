package ddim.serve.tensorflow;

import ddim.serve.signature.ElementType;
import ddim.serve.signature.Signature;
import ddim.serve.signature.TensorSpec;
import ddim.serve.signature.Wording;
import io.grpc.StatusRuntimeException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** How TensorFlow Serving words what is wrong with inputs. */
final class ServingWording implements Wording {
  @Override
  public String typeName(ElementType type) {
    return TensorProtos.dataType(type).name();
  }

  @Override
  public StatusRuntimeException wrongInputs(Signature signature, Set<String> given) {
    Set<String> names = names(signature.inputs());
    if (given.size() == names.size()) {
      String first =
          given.stream().filter(name -> !names.contains(name)).sorted().findFirst().orElse("");
      return ServingErrors.invalid(
          "input tensor alias not found in signature: "
              + first
              + ". Inputs expected to be in the set {"
              + String.join(",", names)
              + "}.");
    }
    return ServingErrors.invalid(
        "input size does not match signature: %d!=%d len({%s}) != len({%s}). Sent extra: {%s}. Missing but required: {%s}."
            .formatted(
                given.size(),
                names.size(),
                String.join(",", new TreeSet<>(given)),
                String.join(",", names),
                without(given, names),
                without(names, given)));
  }

  @Override
  public StatusRuntimeException wrongType(Signature signature, TensorSpec input, String given) {
    return ServingErrors.invalid(
        "Expects arg[%d] to be %s but %s is provided: input '%s'"
            .formatted(
                signature.inputs().indexOf(input),
                lower(typeName(input.type())),
                lower(given),
                input.name()));
  }

  @Override
  public StatusRuntimeException wrongShape(TensorSpec input, List<Long> given) {
    return ServingErrors.invalid(
        "input '%s' must be of shape %s, is of shape %s"
            .formatted(input.name(), shape(input.shape()), shape(given)));
  }

  @Override
  public StatusRuntimeException unequalRows(TensorSpec input) {
    return ServingErrors.invalid(
        "Batching Run() input tensors must have equal 0th-dimension size: input '"
            + input.name()
            + "'");
  }

  @Override
  public StatusRuntimeException tooManyRows(int most, long rows) {
    return ServingErrors.invalid(
        "Task size " + rows + " is larger than maximum input batch size " + most);
  }

  /** Of signatures' inputs or outputs. */
  static Set<String> names(Collection<TensorSpec> tensors) {
    return tensors.stream().map(TensorSpec::name).collect(Collectors.toCollection(TreeSet::new));
  }

  private static String without(Set<String> all, Set<String> some) {
    return all.stream()
        .filter(name -> !some.contains(name))
        .sorted()
        .collect(Collectors.joining(","));
  }

  private static String lower(String type) {
    return type.replace("DT_", "").toLowerCase(Locale.ROOT);
  }

  private static String shape(List<Long> shape) {
    return shape.stream()
        .limit(16)
        .map(size -> size == TensorSpec.ANY ? "?" : Long.toString(size))
        .collect(Collectors.joining(",", "[", "]"));
  }
}
