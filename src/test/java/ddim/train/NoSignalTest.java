package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Noise that leaves no signal at the end, with a network that predicts it. */
class NoSignalTest {
  private static final String RULE =
      "prediction must be v or x0 where no signal is left (t = 999 of this schedule), is eps";

  @ParameterizedTest
  @ValueSource(strings = {"{'zero_terminal_snr': true}", "{'kind': 'JSD'}"})
  void isRefusedInARecipe(String schedule) {
    String recipe = "{'base': 'tiny', 'schedule': %s, 'prediction': '%s'}".replace('\'', '"');
    String noise = schedule.replace('\'', '"');

    assertThatThrownBy(() -> TrainConfig.parse(recipe.formatted(noise, "EPS"), "my.json"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("my.json: training configuration: " + RULE);
    for (Prediction other : new Prediction[] {Prediction.V, Prediction.X0}) {
      assertThat(TrainConfig.parse(recipe.formatted(noise, other), "my.json").prediction())
          .isEqualTo(other);
    }
  }

  @Test
  void isRefusedInWeightsThatAreImportedOrExported() {
    ScheduleConfig noSignal =
        new ScheduleConfig(ScheduleConfig.Kind.LINEAR, 1000, 1e-4, 0.02, true);

    assertThatThrownBy(() -> weights(noSignal, Prediction.EPS))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage("the model cannot be sampled: " + RULE);
    assertThat(weights(noSignal, Prediction.V).prediction()).isEqualTo(Prediction.V);
    assertThat(weights(ScheduleConfig.LINEAR_1000, Prediction.EPS).trainingStep()).isZero();
  }

  private static ModelWeights weights(ScheduleConfig schedule, Prediction prediction) {
    UNetConfig unet = UNetConfig.tiny();
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(unet)) {
      values.put(spec.name(), new float[(int) spec.size()]);
    }
    return new ModelWeights(unet, schedule, prediction, "none", "MIT", 0, values);
  }
}
