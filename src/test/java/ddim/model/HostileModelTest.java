package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Prediction;
import ddim.nn.ParamSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorProto;

/** SavedModels broken in every way, their digest made to agree: read or refused, never worse. */
class HostileModelTest {
  @TempDir Path models;
  private Path graph;
  private Path description;
  private byte[] wholeGraph;
  private String wholeDescription;

  @BeforeEach
  void export() throws IOException {
    Path folder =
        ModelExporter.export(TestModels.tiny(Prediction.EPS), models, "m", OptionalLong.of(1));
    graph = folder.resolve(SavedModelWriter.GRAPH_FILE);
    description = folder.resolve(ModelFile.NAME);
    wholeGraph = Files.readAllBytes(graph);
    wholeDescription = Files.readString(description);
  }

  @Test
  void brokenGraphsAreReadOrRefused() throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    int refused = 0;
    for (int i = 0; i < 60; i++) {
      int length = i % 3 == 0 ? random.nextInt(wholeGraph.length) : wholeGraph.length;
      byte[] broken = Arrays.copyOf(wholeGraph, length);
      for (int change = 0; change < 200 && length > 0; change++) {
        broken[random.nextInt(length)] = (byte) random.nextInt();
      }
      write(broken);
      refused += isRefused() ? 1 : 0;
    }
    assertThat(refused).isGreaterThan(30);
    write(new byte[0]);
    assertThat(isRefused()).isTrue();
    write(wholeGraph);
    assertThat(isRefused()).isFalse();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "\"res_blocks\" : 1; \"res_blocks\" : 2000000000; resBlocks must be at most 64",
        "\"channels\" : 32; \"channels\" : 1000000000; must be at most 65536",
        "\"height\" : 8; \"height\" : 1e400; not a description of a model",
        "\"beta_start\" : 1.0E-4; \"beta_start\" : NaN; not a description of a model",
        "\"train_steps\" : 1000; \"train_steps\" : 2000000000; not a description of a model",
        "\"parameters\" : 702499; \"parameters\" : null; not a description of a model",
      })
  void aDescriptionOfWhatCannotBeIsRefused(String was, String is, String message)
      throws IOException {
    assertThat(wholeDescription).contains(was);
    Files.writeString(description, wholeDescription.replace(was, is));

    assertThatThrownBy(() -> SavedModelWeights.read(graph.getParent()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(description + ": ")
        .hasMessageContaining(message);
  }

  /** A value of four bytes that would be gigabytes, written out. */
  @Test
  void constantsThatRepeatTheirLastValueTooOftenAreRefused() throws IOException {
    wholeDescription = wholeDescription.replace("\"channels\" : 32", "\"channels\" : 4096");
    Map<String, Shape> shapes = new HashMap<>();
    byte[] text = wholeDescription.getBytes(StandardCharsets.UTF_8);
    ParamSpec.of(ModelFile.parse(text, "test").model().unet())
        .forEach(param -> shapes.put(param.name(), param.shape()));
    SavedModel.Builder model = SavedModel.parseFrom(wholeGraph).toBuilder();
    for (FunctionDef.Builder function :
        model
            .getMetaGraphsBuilder(0)
            .getGraphDefBuilder()
            .getLibraryBuilder()
            .getFunctionBuilderList()) {
      for (NodeDef.Builder node : function.getNodeDefBuilderList()) {
        if (node.getOp().equals("Const") && shapes.containsKey(node.getName())) {
          TensorProto.Builder tensor =
              TensorProto.newBuilder().setDtype(DataType.DT_FLOAT).addFloatVal(0);
          for (long size : shapes.get(node.getName()).asArray()) {
            tensor.getTensorShapeBuilder().addDimBuilder().setSize(size);
          }
          node.putAttr("value", AttrValue.newBuilder().setTensor(tensor).build());
        }
      }
    }
    write(model.build().toByteArray());

    assertThatThrownBy(() -> SavedModelWeights.read(graph.getParent()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("at most 33,554,432 values may stand for ones that repeat");
  }

  private void write(byte[] broken) throws IOException {
    Files.write(graph, broken);
    Files.writeString(
        description,
        wholeDescription.replace(ModelExporter.digest(wholeGraph), ModelExporter.digest(broken)));
  }

  /** Of everything that reads without TensorFlow's own loader. */
  private boolean isRefused() throws IOException {
    boolean refused = false;
    try {
      ModelDescription.of(graph.getParent());
    } catch (ModelFormatException e) {
      refused = true;
    }
    try {
      SavedModelWeights.read(graph.getParent());
    } catch (ModelFormatException e) {
      refused = true;
    }
    return refused;
  }
}
