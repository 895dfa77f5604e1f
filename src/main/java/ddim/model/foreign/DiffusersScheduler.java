package ddim.model.foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.ScheduleConfig.Kind;
import ddim.model.ModelFormatException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a diffusers {@code scheduler_config.json} says of the model: its noise and its prediction.
 * How to walk is a request's to say, so the keys for that are not read.
 */
record DiffusersScheduler(ScheduleConfig schedule, Prediction prediction) {
  /** What a folder without a scheduler is taken for. */
  static final DiffusersScheduler DDPM =
      new DiffusersScheduler(ScheduleConfig.LINEAR_1000, Prediction.EPS);

  private static final Map<String, Kind> KINDS =
      Map.of(
          "linear", Kind.LINEAR,
          "scaled_linear", Kind.SCALED_LINEAR,
          "squaredcos_cap_v2", Kind.COSINE,
          "sigmoid", Kind.SIGMOID);

  private static final Map<String, Prediction> PREDICTIONS =
      Map.of("epsilon", Prediction.EPS, "v_prediction", Prediction.V, "sample", Prediction.X0);

  /**
   * @throws ModelFormatException naming every key that asks for what we do not do
   */
  static DiffusersScheduler of(JsonKeys keys, Path source) {
    String kind = keys.text("beta_schedule", "linear");
    String prediction = keys.text("prediction_type", "epsilon");
    keys.require("trained_betas", "null", "null");
    oneOf(keys, "beta_schedule", kind, KINDS);
    oneOf(keys, "prediction_type", prediction, PREDICTIONS);
    int steps = keys.integer("num_train_timesteps", 1000, 1, ScheduleConfig.MAX_TRAIN_STEPS);
    double start = keys.number("beta_start", 1e-4);
    double end = keys.number("beta_end", 0.02);
    boolean zeroTerminal = keys.flag("rescale_betas_zero_snr", false);
    ScheduleConfig schedule = null;
    Kind known = KINDS.get(kind);
    Prediction predicts = PREDICTIONS.get(prediction);
    if (keys.wrong().isEmpty() && known != null) {
      try {
        schedule = new ScheduleConfig(known, steps, start, end, zeroTerminal);
      } catch (IllegalArgumentException e) {
        keys.problem(String.valueOf(e.getMessage()));
      }
    }
    if (schedule == null || predicts == null) {
      throw new ModelFormatException(
          source + ": asks for other noise: " + String.join("; ", keys.wrong()));
    }
    return new DiffusersScheduler(schedule, predicts);
  }

  private static void oneOf(JsonKeys keys, String key, String value, Map<String, ?> known) {
    if (!known.containsKey(value)) {
      keys.problem(
          "%s must be one of %s, is %s"
              .formatted(key, known.keySet().stream().sorted().toList(), value));
    }
  }

  /**
   * The configuration of a {@code DDIMScheduler}.
   *
   * @throws ModelFormatException if diffusers has no such schedule
   */
  ObjectNode json() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("_class_name", "DDIMScheduler");
    json.put("num_train_timesteps", schedule.trainSteps());
    json.put("beta_start", schedule.betaStart()).put("beta_end", schedule.betaEnd());
    Kind kind = schedule.kind() == Kind.QUAD ? Kind.SCALED_LINEAR : schedule.kind();
    json.put("beta_schedule", key(KINDS, kind)).putNull("trained_betas");
    json.put("prediction_type", key(PREDICTIONS, prediction));
    json.put("rescale_betas_zero_snr", schedule.zeroTerminalSnr());
    json.put("clip_sample", true).put("clip_sample_range", 1.0);
    json.put("set_alpha_to_one", true).put("steps_offset", 0);
    return json;
  }

  private static <V> String key(Map<String, V> map, V value) {
    return map.entrySet().stream()
        .filter(entry -> entry.getValue().equals(value))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new ModelFormatException("diffusers knows no " + value + " noise"));
  }
}
