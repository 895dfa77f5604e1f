package ddim.serve.inference;

import ddim.serve.signature.Signature;
import inference.InferParameter;
import inference.InferParameter.ParameterChoiceCase;
import inference.ModelInferRequest;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the parameters of a request say. Others than these are left to whoever knows them, as Triton
 * does.
 *
 * @param signature which one is called
 * @param constants numbers for all rows in the place of inputs: steps, eta
 * @param previewAfter after how many steps a stream wants to see the images; ascending
 * @param priority from 1; 0 for the default
 * @param queueTimeout how long the request may wait in the queue
 */
record InferParameters(
    String signature,
    Map<String, Number> constants,
    List<Integer> previewAfter,
    int priority,
    Optional<Duration> queueTimeout) {
  private static final String FINAL_FLAG = "triton_enable_empty_final_response";
  private static final Set<String> CONSTANTS = Set.of("steps", "eta");
  private static final int MOST_PREVIEWS = 20;

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT if one is of another type than it must
   *     be, or out of range
   */
  static InferParameters of(ModelInferRequest request) {
    Map<String, InferParameter> given = request.getParametersMap();
    for (String key : given.keySet()) {
      if (key.startsWith("triton_") && !key.equals(FINAL_FLAG)) {
        throw InferenceErrors.invalid(
            "parameter keys starting with 'triton_' are reserved for Triton usage. Only the"
                + " following keys starting with 'triton_' are allowed: "
                + FINAL_FLAG);
      }
    }
    requireFlag(given, FINAL_FLAG);
    String signature = text(given, "signature").orElse("");
    return new InferParameters(
        signature.isEmpty() ? Signature.SERVING_DEFAULT : signature,
        constants(given),
        previewAfter(text(given, "preview_after").orElse("")),
        priority(given),
        queueTimeout(given));
  }

  private static Map<String, Number> constants(Map<String, InferParameter> given) {
    Map<String, Number> constants = new LinkedHashMap<>();
    for (String name : CONSTANTS) {
      InferParameter value = given.get(name);
      if (value == null) {
        continue;
      }
      switch (value.getParameterChoiceCase()) {
        case INT64_PARAM -> constants.put(name, exact(name, value.getInt64Param()));
        case DOUBLE_PARAM -> {
          requireEta(name);
          constants.put(name, value.getDoubleParam());
        }
        default ->
            throw wrongType(name, "int64_param" + (name.equals("eta") ? " or double_param" : ""));
      }
    }
    return constants;
  }

  private static void requireEta(String name) {
    if (!name.equals("eta")) {
      throw wrongType(name, "int64_param");
    }
  }

  private static Number exact(String name, long value) {
    if (value != (int) value) {
      throw InferenceErrors.invalid(
          "parameter '%s' must be a number of 32 bits, is %d".formatted(name, value));
    }
    return (int) value;
  }

  private static List<Integer> previewAfter(String list) {
    List<Integer> steps = new ArrayList<>();
    int before = 0;
    for (String number : list.isEmpty() ? new String[0] : list.split(",", MOST_PREVIEWS + 1)) {
      int step = number.matches("[0-9]{1,9}") ? Integer.parseInt(number) : -1;
      if (step <= before || steps.size() == MOST_PREVIEWS) {
        throw InferenceErrors.invalid(
            "parameter 'preview_after' must be at most "
                + MOST_PREVIEWS
                + " rising numbers from 1 with commas between them, is '"
                + (list.length() > 100 ? list.substring(0, 100) + "..." : list)
                + "'");
      }
      steps.add(step);
      before = step;
    }
    return steps;
  }

  private static int priority(Map<String, InferParameter> given) {
    InferParameter value = given.get("priority");
    if (value == null) {
      return 0;
    }
    long level =
        switch (value.getParameterChoiceCase()) {
          case INT64_PARAM -> value.getInt64Param();
          case UINT64_PARAM -> value.getUint64Param();
          default -> throw wrongType("priority", "int64_param or uint64_param");
        };
    if (level < 0) {
      throw InferenceErrors.invalid("invalid value for 'priority', expected value >= 0.");
    }
    return (int) Math.min(level, Integer.MAX_VALUE);
  }

  private static Optional<Duration> queueTimeout(Map<String, InferParameter> given) {
    InferParameter value = given.get("timeout");
    if (value == null) {
      return Optional.empty();
    }
    if (value.getParameterChoiceCase() != ParameterChoiceCase.INT64_PARAM) {
      throw wrongType("timeout", "int64_param");
    }
    return value.getInt64Param() <= 0
        ? Optional.empty()
        : Optional.of(Duration.of(value.getInt64Param(), ChronoUnit.MICROS));
  }

  private static Optional<String> text(Map<String, InferParameter> given, String name) {
    InferParameter value = given.get(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value.getParameterChoiceCase() != ParameterChoiceCase.STRING_PARAM) {
      throw wrongType(name, "string_param");
    }
    return Optional.of(value.getStringParam());
  }

  /** The last reply of a stream always says so; who asks for it may. */
  private static void requireFlag(Map<String, InferParameter> given, String name) {
    InferParameter value = given.get(name);
    if (value != null && value.getParameterChoiceCase() != ParameterChoiceCase.BOOL_PARAM) {
      throw wrongType(name, "bool_param");
    }
  }

  private static StatusRuntimeException wrongType(String name, String expected) {
    return InferenceErrors.invalid(
        "invalid value type for '" + name + "' parameter, expected " + expected + ".");
  }
}
