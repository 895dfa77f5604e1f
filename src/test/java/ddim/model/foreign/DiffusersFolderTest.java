package ddim.model.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.Prediction;
import ddim.diffusion.ScheduleConfig;
import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter;
import ddim.model.SafeTensorsWriter.Tensor;
import ddim.model.TestModels;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;

/** Folders of diffusers, written and read back, and broken in every way. */
class DiffusersFolderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ModelWeights WEIGHTS = TestModels.tiny(Prediction.V);

  @TempDir Path temporary;
  private Path folder;
  private Path config;
  private Path weights;

  @BeforeEach
  void write() throws IOException {
    folder = temporary.resolve("pipeline");
    DiffusersFolder.write(folder, WEIGHTS);
    config = folder.resolve("unet/config.json");
    weights = folder.resolve("unet/diffusion_pytorch_model.safetensors");
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    ModelWeights read = DiffusersFolder.read(folder, "none", "Apache-2.0");

    assertThat(read.unet()).isEqualTo(UNetConfig.tiny());
    assertThat(read.schedule()).isEqualTo(ScheduleConfig.LINEAR_1000);
    assertThat(read.prediction()).isEqualTo(Prediction.V);
    assertThat(read.spec().weightsDigest()).isEqualTo(WEIGHTS.spec().weightsDigest());
  }

  @Test
  void theFolderOfAModelAloneIsThatOfDdpm() throws IOException {
    ModelWeights read = DiffusersFolder.read(folder.resolve("unet"), "none", "MIT");

    assertThat(read.prediction()).isEqualTo(Prediction.EPS);
    assertThat(read.license()).isEqualTo("MIT");
  }

  /** [cos, sin] instead of [sin, cos]: the rows of the first dense layer change places. */
  @Test
  void aFlippedTimeEmbeddingIsTurnedBack() throws IOException {
    change("flip_sin_to_cos", "true");
    float[] flipped = DiffusersFolder.read(folder, "", "").values().get("temb.dense.0.weight");
    float[] plain = WEIGHTS.values().get("temb.dense.0.weight");

    int width = 128;
    for (int row = 0; row < 32; row++) {
      for (int i = 0; i < width; i++) {
        assertThat(flipped[row * width + i]).isEqualTo(plain[(row + 16) % 32 * width + i]);
      }
    }
  }

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "downsample_padding; 2; downsample_padding must be a whole number from 0 to 1, is 2",
        "freq_shift; ; freq_shift must be 1, is 0, its default",
        "norm_eps; 1e-5; norm_eps must be 1e-06, is 1.0E-5",
        "freq_shift; 0; freq_shift must be 1, is 0",
        "resnet_time_scale_shift; \"scale_shift\"; resnet_time_scale_shift must be \"default\"",
        "attention_head_dim; 8; attention_head_dim must be null or the width of every attention",
        "time_embedding_type; \"fourier\"; time_embedding_type must be \"positional\"",
        "class_embed_type; \"timestep\"; class_embed_type must be null, is \"timestep\"",
        "add_attention; false; add_attention must be true, is false",
        "out_channels; 6; out_channels must be in_channels, is 6",
        "sample_size; null; sample_size must be one or two whole numbers",
        "sample_size; 1e99; sample_size must be one or two whole numbers",
        "block_out_channels; [32, 48]; block_out_channels must be 1 to 12 multiples of the first",
        "block_out_channels; [2147483647]; block_out_channels must be",
        "down_block_types; [\"DownBlock2D\", \"SkipDownBlock2D\"]; must be DownBlock2D or Attn",
        "up_block_types; [\"UpBlock2D\", \"UpBlock2D\"]; up_block_types must mirror",
        "layers_per_block; 1000000; layers_per_block must be a whole number from 1 to 64",
        "norm_num_groups; 7; a multiple of the 7 normGroups",
        "a_key_of_tomorrow; 3; a_key_of_tomorrow is not known, is 3"
      })
  void aKeyThatAsksForAnotherNetworkIsNamed(String key, String value, String message)
      throws IOException {
    change(key, value);
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(config + ": asks for another network: ")
        .hasMessageContaining(message);
  }

  @Test
  void everyWrongKeyIsNamedAtOnce() throws IOException {
    change("freq_shift", "0");
    change("norm_eps", "1e-5");
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .hasMessageContaining("freq_shift")
        .hasMessageContaining("norm_eps");
  }

  /** Of diffusers' two networks the one that a file without the key means. */
  @Test
  void paddingOnAllSidesIsTheNetworkThatHasIt() throws IOException {
    UNetConfig padded = UNetConfig.tiny().withDownsamplePadding(1);
    change("downsample_padding", null);
    assertThat(DiffusersFolder.read(folder, "", "").unet()).isEqualTo(padded);

    ModelWeights weightsOfIt = TestModels.random(padded, Prediction.EPS);
    Path other = temporary.resolve("padded");
    DiffusersFolder.write(other, weightsOfIt);
    assertThat(DiffusersFolder.read(other, "", "").unet()).isEqualTo(padded);
  }

  @Test
  void oneHeadByWidthIsOneHead() throws IOException {
    change("attention_head_dim", "64");
    assertThat(DiffusersFolder.read(folder, "", "").unet()).isEqualTo(UNetConfig.tiny());
    change("attention_head_dim", null);
    assertThat(DiffusersFolder.read(folder, "", "").unet()).isEqualTo(UNetConfig.tiny());
  }

  @Test
  void everyTensorThatDoesNotFitIsNamed() throws IOException {
    Map<String, Tensor> tensors = tensors();
    tensors.remove("conv_in.bias");
    tensors.put("conv_out.bias", new Tensor(Shape.of(4), new float[4]));
    tensors.put("class_embedding.weight", new Tensor(Shape.of(1), new float[1]));
    SafeTensorsWriter.write(weights, Map.of(), tensors);

    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage(
            weights
                + ": weights do not fit: conv_in.bias is missing; conv_out.bias has shape [4],"
                + " should have [3]; class_embedding.weight is not part of the network");
  }

  @Test
  void otherNoiseIsNamed() throws IOException {
    Path scheduler = folder.resolve("scheduler/scheduler_config.json");
    Files.writeString(scheduler, "{\"beta_schedule\": \"laplace\", \"beta_end\": \"x\"}");
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .hasMessageStartingWith(scheduler + ": asks for other noise: ")
        .hasMessageContaining("beta_schedule must be one of [linear, ")
        .hasMessageContaining("beta_end must be a number, is \"x\"");
    Files.writeString(scheduler, "{\"trained_betas\": [0.1]}");
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .hasMessageContaining(
            "trained_betas must be null, or the betas of beta_schedule; has 1 of others");
  }

  /** Its DDIM refuses the name alone. */
  @Test
  void sigmoidNoiseGoesOutAsBetasAndComesBack() throws IOException {
    ScheduleConfig sigmoid = new ScheduleConfig(ScheduleConfig.Kind.SIGMOID, 50, 1e-4, 0.02, true);
    ModelWeights plain = TestModels.tiny(Prediction.V);
    Path other = temporary.resolve("sigmoid");
    DiffusersFolder.write(
        other,
        new ModelWeights(
            plain.unet(), sigmoid, Prediction.V, "none", "Apache-2.0", 0, plain.values()));
    JsonNode written =
        new ObjectMapper().readTree(other.resolve("scheduler/scheduler_config.json").toFile());
    assertThat(written.get("trained_betas")).hasSize(50);
    assertThat(written.get("trained_betas").get(0).asDouble()).isBetween(1e-4, 2e-4);
    assertThat(written.get("trained_betas").get(49).asDouble()).isBetween(0.0199, 0.02);
    assertThat(DiffusersFolder.read(other, "", "").schedule()).isEqualTo(sigmoid);
  }

  @Test
  void brokenFilesAreRefusedWhateverTheyClaim() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    for (Path file : List.of(config, weights)) {
      byte[] whole = Files.readAllBytes(file);
      for (int i = 0; i < 60; i++) {
        byte[] broken =
            java.util.Arrays.copyOf(whole, random.nextInt(Math.min(whole.length, 9000)));
        for (int change = 0; change < 3 && broken.length > 0; change++) {
          broken[random.nextInt(broken.length)] = (byte) random.nextInt();
        }
        Files.write(file, broken);
        assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
            .isInstanceOf(ModelFormatException.class);
      }
      Files.write(file, whole);
    }
    Files.delete(weights);
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .hasMessage(weights + ": missing");
  }

  @Test
  void weightsInSeveralFilesAreReadAsInOne() throws IOException {
    writeShards();

    assertThat(DiffusersFolder.read(folder, "none", "Apache-2.0").spec().weightsDigest())
        .isEqualTo(WEIGHTS.spec().weightsDigest());
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() throws IOException {
    Path index = writeShards();
    String whole = Files.readString(index);
    Path second = index.resolveSibling("part-2.safetensors");

    assertRefused(index, whole.replace("part-1", "../part-1"), "is not the name of a file beside");
    assertRefused(index, whole.replace("part-1.", "part-3."), "part-3.safetensors: missing");
    assertRefused(index, whole.replaceFirst("part-1", "part-2"), " is not in part-2.safetensors");
    assertRefused(index, whole.replaceFirst("\"conv_in.bias\"[^,]*,", ""), "does not name conv_in");
    assertRefused(index, "{\"weight_map\": []}", "weight_map is missing");
    assertRefused(index, "[", "not JSON");
    Files.writeString(index, whole);
    Files.writeString(second, "short");
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(second + ": is 5 bytes long");
  }

  private void assertRefused(Path index, String text, String message) throws IOException {
    Files.writeString(index, text);
    assertThatThrownBy(() -> DiffusersFolder.read(folder, "", ""))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  /** Puts every second tensor into another file. */
  private Path writeShards() throws IOException {
    List<Map<String, Tensor>> parts = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
    ObjectNode map = JSON.createObjectNode();
    int count = 0;
    for (Map.Entry<String, Tensor> entry : tensors().entrySet()) {
      parts.get(count % 2).put(entry.getKey(), entry.getValue());
      map.put(entry.getKey(), "part-" + (count % 2 + 1) + ".safetensors");
      count++;
    }
    Files.delete(weights);
    for (int i = 0; i < 2; i++) {
      Path part = weights.resolveSibling("part-" + (i + 1) + ".safetensors");
      SafeTensorsWriter.write(part, Map.of(), parts.get(i));
    }
    Path index = weights.resolveSibling(weights.getFileName() + ".index.json");
    Files.writeString(index, JSON.createObjectNode().set("weight_map", map).toString());
    return index;
  }

  private Map<String, Tensor> tensors() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafeTensors file = SafeTensors.open(weights)) {
      for (String name : file.names()) {
        tensors.put(name, new Tensor(file.shape(name), file.floats(name)));
      }
    }
    return tensors;
  }

  private void change(String key, String value) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    if (value == null) {
      json.remove(key);
    } else {
      json.set(key, JSON.readTree(value));
    }
    Files.writeString(config, json.toString());
  }
}
