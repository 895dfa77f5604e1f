package ddim.diffusion;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.ScheduleConfig.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** The {@code config} of a golden case, as options of a sampler. */
final class GoldenConfig {
  private static final Set<String> FIELDS =
      Set.of(
          "T",
          "beta_schedule",
          "beta_start",
          "beta_end",
          "trained_betas",
          "rescale_betas_zero_snr",
          "clip_sample",
          "clip_sample_range",
          "thresholding",
          "prediction_type",
          "spacing",
          "steps_offset",
          "set_alpha_to_one",
          "S",
          "eta",
          "prev_rule",
          "t_start",
          "x_scale",
          "use_clipped_model_output",
          "variance_type",
          "noise_seed");

  private final String name;
  private final ObjectNode fields;

  /**
   * @param name the case's name, for messages
   * @param config the case's options; null counts as absent
   * @throws IllegalArgumentException if a field is not known
   */
  GoldenConfig(String name, ObjectNode config) {
    this.name = name;
    fields = JsonNodeFactory.instance.objectNode();
    config
        .properties()
        .forEach(
            field -> {
              if (!FIELDS.contains(field.getKey())) {
                throw new IllegalArgumentException(name + ": unknown field " + field.getKey());
              }
              if (!field.getValue().isNull()) {
                fields.set(field.getKey(), field.getValue());
              }
            });
  }

  NoiseSchedule schedule() {
    if (fields.has("trained_betas")) {
      NoiseSchedule explicit = NoiseSchedule.ofBetas(Goldens.doubles(fields.get("trained_betas")));
      return flag("rescale_betas_zero_snr", false) ? explicit.withZeroTerminalSnr() : explicit;
    }
    Kind kind =
        switch (text("beta_schedule", "linear")) {
          case "linear" -> Kind.LINEAR;
          case "scaled_linear" -> Kind.SCALED_LINEAR;
          case "squaredcos_cap_v2", "cosine" -> Kind.COSINE;
          case "quad" -> Kind.QUAD;
          case "const" -> Kind.CONST;
          case "jsd" -> Kind.JSD;
          case "sigmoid" -> Kind.SIGMOID;
          default -> throw unknown("beta_schedule");
        };
    return NoiseSchedule.of(
        new ScheduleConfig(
            kind,
            trainSteps(),
            number("beta_start", 1e-4),
            number("beta_end", 0.02),
            flag("rescale_betas_zero_snr", false)));
  }

  Prediction prediction() {
    return switch (text("prediction_type", "epsilon")) {
      case "epsilon" -> Prediction.EPS;
      case "sample" -> Prediction.X0;
      case "v_prediction" -> Prediction.V;
      default -> throw unknown("prediction_type");
    };
  }

  /** The options of a case that steps as DDIM does, without its timesteps. */
  Sampler.Builder ddim() {
    return Preset.DDIM
        .builder(steps())
        .eta(number("eta", 0))
        .clipping(clipping())
        .rederiveEps(flag("use_clipped_model_output", false))
        .finalAlphaBar(
            flag("set_alpha_to_one", true)
                ? Sampler.FinalAlphaBar.ONE
                : Sampler.FinalAlphaBar.FIRST);
  }

  /** The options of a case that steps as DDPM does, without its timesteps. */
  Sampler.Builder ddpm() {
    Preset preset =
        switch (text("variance_type", "fixed_small")) {
          case "fixed_small" -> Preset.DDPM_SMALL;
          case "fixed_large" -> Preset.DDPM_LARGE;
          default -> throw unknown("variance_type");
        };
    return preset.builder(trainSteps()).clipping(clipping());
  }

  private Clipping clipping() {
    JsonNode thresholding = fields.path("thresholding");
    if (thresholding.isArray() && thresholding.size() == 2) {
      return Clipping.dynamic(thresholding.get(0).asDouble(), thresholding.get(1).asDouble());
    }
    if (flag("thresholding", false)) {
      throw unknown("thresholding");
    }
    return flag("clip_sample", true) ? Clipping.to(number("clip_sample_range", 1)) : Clipping.NONE;
  }

  /**
   * The timesteps that a loop asks at, downwards; the paper code's quadratic list may repeat some.
   */
  List<Integer> visits() {
    String rule = text("prev_rule", "schedule");
    if (!rule.equals("schedule") && !rule.equals("stride")) {
      throw unknown("prev_rule");
    }
    Spacing spacing = Goldens.spacing(text("spacing", "leading"));
    int[] tau =
        spacing == Spacing.PAPER_QUAD
            ? quadWithRepeats()
            : Timesteps.of(spacing, schedule(), steps(), integer("steps_offset", 0));
    return downwards(tau);
  }

  private int[] quadWithRepeats() {
    double last = Math.sqrt(0.8 * trainSteps());
    int steps = steps();
    return IntStream.range(0, steps)
        .mapToDouble(i -> i == steps - 1 ? last : i * (last / (steps - 1)))
        .mapToInt(root -> (int) (root * root))
        .toArray();
  }

  /** Every level, downwards. */
  List<Integer> allLevels() {
    return downwards(IntStream.range(0, trainSteps()).toArray());
  }

  private static List<Integer> downwards(int[] tau) {
    List<Integer> list = new ArrayList<>(Arrays.stream(tau).boxed().toList());
    Collections.reverse(list);
    return list;
  }

  int trainSteps() {
    return fields.has("trained_betas") ? fields.get("trained_betas").size() : integer("T", 1000);
  }

  private int steps() {
    return integer("S", trainSteps());
  }

  /** Whether the loop starts from the sample with noise added. */
  boolean startsMidway() {
    return fields.has("t_start");
  }

  int skippedSteps() {
    return integer("t_start", 0);
  }

  double scale() {
    return number("x_scale", 1);
  }

  int noiseSeed() {
    return integer("noise_seed", 0);
  }

  private IllegalArgumentException unknown(String field) {
    return new IllegalArgumentException(name + ": unknown " + field + " " + fields.get(field));
  }

  private String text(String field, String otherwise) {
    return fields.path(field).asText(otherwise);
  }

  private int integer(String field, int otherwise) {
    return fields.path(field).asInt(otherwise);
  }

  private double number(String field, double otherwise) {
    return fields.path(field).asDouble(otherwise);
  }

  private boolean flag(String field, boolean otherwise) {
    return fields.path(field).asBoolean(otherwise);
  }
}
