package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import ddim.diffusion.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models whose weights have half the size. */
class HalfWeightsTest {
  private static final ModelWeights EXACT = TestModels.tiny(Prediction.EPS);

  @TempDir Path models;

  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"BFLOAT16", "FLOAT16"})
  void whatRoundingChangesIsMeasuredAndKept(WeightType type) throws IOException {
    Path folder = ModelExporter.export(EXACT, type, models, "m", OptionalLong.empty());
    WeightStorage storage = ModelDescription.of(folder).storage();

    assertThat(storage.type()).isEqualTo(type);
    double resolution = type == WeightType.BFLOAT16 ? 0x1p-8 : 0x1p-11;
    assertThat(storage.epsDifference()).isBetween(resolution / 100, resolution * 10);
    assertThat(storage.imageDifference()).isBetween(resolution / 1000, resolution * 10);
    JsonNode json = new ObjectMapper().readTree(folder.resolve("assets.extra/ddim.json").toFile());
    assertThat(json.path("storage").path("type").asText()).isEqualTo(type.name());
    assertThat(Files.readString(folder.resolve("MODEL_CARD.md")))
        .contains(", kept as " + type.name().toLowerCase() + ", which moves the predicted noise");

    ModelWeights read = SavedModelWeights.read(folder);
    read.values()
        .forEach(
            (name, values) -> {
              float[] exact = EXACT.values().get(name);
              for (int i = 0; i < values.length; i++) {
                assertThat(values[i])
                    .as(name)
                    .isCloseTo(exact[i], within((float) resolution * Math.abs(exact[i]) + 1e-7f));
              }
            });
    assertThat(read.values().get("norm_out.weight"))
        .isEqualTo(EXACT.values().get("norm_out.weight"));
  }

  /** Rounded weights in float32 and the same ones in half the size are one model. */
  @Test
  void theGraphComputesWithTheRoundedWeightsInFloat32() throws IOException {
    ModelWeights rounded = WeightRounding.round(EXACT, WeightType.BFLOAT16);
    Path half =
        ModelExporter.export(EXACT, WeightType.BFLOAT16, models, "half", OptionalLong.empty());
    Path whole = ModelExporter.export(rounded, models, "whole", OptionalLong.empty());
    assertThat(Files.size(half.resolve("saved_model.pb")))
        .isLessThan(Files.size(whole.resolve("saved_model.pb")));

    float[][] eps = new float[2][];
    for (int i = 0; i < 2; i++) {
      try (SignatureRunner runner = new SignatureRunner(i == 0 ? half : whole)) {
        float[] x = runner.run("latent", Map.of("seed", SignatureRunner.longs(5))).get("x_T");
        eps[i] =
            runner
                .run(
                    "predict_noise",
                    Map.of(
                        "x", SignatureRunner.floats(x, 1, 8, 8, 3), "t", SignatureRunner.ints(300)))
                .get("eps");
      }
    }
    for (int i = 0; i < eps[0].length; i++) {
      assertThat(eps[0][i]).isCloseTo(eps[1][i], within(1e-6f));
    }
  }

  @Test
  void equalWeightsGiveEqualBytes() throws IOException {
    Path first = ModelExporter.export(EXACT, WeightType.FLOAT16, models, "m", OptionalLong.of(1));
    Path second = ModelExporter.export(EXACT, WeightType.FLOAT16, models, "m", OptionalLong.of(2));
    for (String file : new String[] {"saved_model.pb", ModelFile.NAME, ModelCard.NAME}) {
      assertThat(Files.mismatch(first.resolve(file), second.resolve(file))).isEqualTo(-1);
    }
  }

  @Test
  void aWeightBeyondTheRangeIsNamed() {
    Map<String, float[]> values = new LinkedHashMap<>(EXACT.values());
    float[] large = values.get("conv_in.weight").clone();
    large[7] = 70_000;
    values.put("conv_in.weight", large);

    assertThatThrownBy(
            () ->
                ModelExporter.export(
                    EXACT.withValues(values),
                    WeightType.FLOAT16,
                    models,
                    "m",
                    OptionalLong.empty()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage("'conv_in.weight' has the weight 70000.0, which FLOAT16 cannot hold");
    assertThat(models).isEmptyDirectory();
  }
}
