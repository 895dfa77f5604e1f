package ddim.model.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.nn.FormulaWeights;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;

/** Names and shapes against {@code keymap.json}, which has every tensor of three networks. */
class ForeignNamesTest {
  @ParameterizedTest
  @CsvSource({"cifar10, 4", "fashion32, 3", "tiny8, 2"})
  void everyTensorHasItsNameInEachProgram(String network, int levels) throws IOException {
    for (JsonNode row : FormulaWeights.golden("keymap.json").get(network).get("rows")) {
      String ours = row.get(0).asText();
      assertThat(ForeignNames.diffusers(ours, levels)).isEqualTo(row.get(1).asText());
      assertThat(ForeignNames.tf1(ours)).isEqualTo("model/" + row.get(2).asText());
    }
  }

  @Test
  void everyShapeFitsThatOfEachProgram() throws IOException {
    List<ParamSpec> specs = ParamSpec.of(UNetConfig.cifar10());
    JsonNode rows = FormulaWeights.golden("keymap.json").get("cifar10").get("rows");
    assertThat(rows).hasSameSizeAs(specs);
    for (JsonNode row : rows) {
      String name = row.get(0).asText();
      Shape ours = specs.stream().filter(s -> s.name().equals(name)).findFirst().get().shape();
      assertThat(TorchLayout.fits(ours, shape(row.get(3)))).as(name).isTrue();
      assertThat(TorchLayout.of(ours)).as(name).isEqualTo(shape(row.get(4)));
    }
  }

  @Test
  void attentionOfOldFilesHasItsPresentName() {
    assertThat(ForeignNames.presentDiffusers("mid_block.attentions.0.proj_attn.bias"))
        .isEqualTo("mid_block.attentions.0.to_out.0.bias");
    assertThat(ForeignNames.presentDiffusers("up_blocks.1.attentions.2.query.weight"))
        .isEqualTo("up_blocks.1.attentions.2.to_q.weight");
    assertThat(ForeignNames.presentDiffusers("conv_in.weight")).isEqualTo("conv_in.weight");
  }

  private static Shape shape(JsonNode sizes) {
    long[] dimensions = new long[sizes.size()];
    for (int i = 0; i < dimensions.length; i++) {
      dimensions[i] = sizes.get(i).asLong();
    }
    return Shape.of(dimensions);
  }
}
