package ddim.model.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.ScheduleConfig.Kind;
import ddim.model.ModelFormatException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a diffusers {@code scheduler_config.json} says of the model: its noise and its prediction.
 * How to walk is a request's to say, so the keys for that are not read.
 */
record DiffusersScheduler(ScheduleConfig schedule, Prediction prediction) {
  /** What a folder without a scheduler is taken for. */
  static final DiffusersScheduler DDPM =
      new DiffusersScheduler(ScheduleConfig.LINEAR_1000, Prediction.EPS);

  private static final String BETAS = "trained_betas";
  private static final double SAME_BETA = 1e-6;

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
        requireSameBetas(keys, schedule);
      } catch (IllegalArgumentException e) {
        keys.problem(String.valueOf(e.getMessage()));
      }
    }
    if (schedule == null || predicts == null || !keys.wrong().isEmpty()) {
      throw new ModelFormatException(
          source + ": asks for other noise: " + String.join("; ", keys.wrong()));
    }
    return new DiffusersScheduler(schedule, predicts);
  }

  /** Betas one by one have to be those of the formula that stands beside them. */
  private static void requireSameBetas(JsonKeys keys, ScheduleConfig schedule) {
    JsonNode betas = keys.get(BETAS);
    if (betas.isNull()) {
      return;
    }
    NoiseSchedule noise = NoiseSchedule.of(withoutRescaling(schedule));
    boolean same = betas.size() == noise.trainSteps();
    for (int t = 0; same && t < betas.size(); t++) {
      same = Math.abs(betas.get(t).asDouble(Double.NaN) - noise.beta(t)) <= SAME_BETA;
    }
    if (!same) {
      keys.problem(
          "%s must be null, or the betas of beta_schedule; has %d of others"
              .formatted(BETAS, betas.size()));
    }
  }

  private static ScheduleConfig withoutRescaling(ScheduleConfig schedule) {
    return new ScheduleConfig(
        schedule.kind(), schedule.trainSteps(), schedule.betaStart(), schedule.betaEnd(), false);
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
    json.put("beta_schedule", key(KINDS, kind));
    if (kind == Kind.SIGMOID) { // which its DDIM has no formula for
      NoiseSchedule noise = NoiseSchedule.of(withoutRescaling(schedule));
      ArrayNode betas = json.putArray(BETAS);
      IntStream.range(0, noise.trainSteps()).mapToDouble(noise::beta).forEach(betas::add);
    } else {
      json.putNull(BETAS);
    }
    json.put("prediction_type", key(PREDICTIONS, prediction));
    json.put("rescale_betas_zero_snr", schedule.zeroTerminalSnr());
    json.put("clip_sample", true).put("clip_sample_range", 1.0);
    json.put("set_alpha_to_one", true).put("steps_offset", 0);
    json.put("timestep_spacing", "leading"); // that of the preset diffusers-ddim
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
