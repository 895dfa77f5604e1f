package ddim.model.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Prediction;
import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.model.SafeTensorsWriter;
import ddim.model.SafeTensorsWriter.Tensor;
import ddim.model.TestModels;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;

/** Checkpoints of the TensorFlow original and of the DDIM paper's code. */
class CheckpointFilesTest {
  private static final ModelWeights WEIGHTS = TestModels.tiny(Prediction.EPS);
  private static final UNetConfig UNET = UNetConfig.tiny();
  private static final String AVERAGE = "/ExponentialMovingAverage";

  @TempDir Path folder;

  @Test
  void theAveragesOfATensorFlowCheckpointAreTheWeights() throws IOException {
    Path prefix = folder.resolve("model.ckpt-790000");
    Map<String, Tensor> tensors = tf1(AVERAGE);
    WEIGHTS
        .values()
        .forEach(
            (name, values) -> {
              Tensor zeros = new Tensor(Shape.of(values.length), new float[values.length]);
              tensors.put(ForeignNames.tf1(name), zeros);
              tensors.put(ForeignNames.tf1(name) + "/Adam_1", zeros);
            });
    save(prefix, tensors);

    assertSame(Tf1Checkpoint.read(prefix, UNET));
  }

  @Test
  void aTensorFlowCheckpointWithoutAveragesIsReadAsItIs() throws IOException {
    Path prefix = folder.resolve("plain");
    Map<String, Tensor> tensors = tf1("");
    tensors.put("model/conv_in/W/Adam", new Tensor(Shape.of(1), new float[1]));
    save(prefix, tensors);

    assertSame(Tf1Checkpoint.read(prefix, UNET));
  }

  @Test
  void aTensorFlowCheckpointThatDoesNotFitIsRefusedWithAllThatIsWrong() throws IOException {
    Path prefix = folder.resolve("other");
    Map<String, Tensor> tensors = tf1(AVERAGE);
    tensors.remove("model/conv_in/b" + AVERAGE);
    tensors.put("model/conv_out/b" + AVERAGE, new Tensor(Shape.of(4), new float[4]));
    tensors.put("model/more" + AVERAGE, new Tensor(Shape.of(1), new float[1]));
    save(prefix, tensors);

    assertThatThrownBy(() -> Tf1Checkpoint.read(prefix, UNET))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage(
            prefix
                + ": weights do not fit: model/conv_in/b is missing; model/conv_out/b has shape"
                + " [4], should have [3]; model/more is not part of the network");
  }

  @Test
  void aBrokenTensorFlowCheckpointIsRefusedWhateverItClaims() throws IOException {
    Path prefix = folder.resolve("broken");
    save(prefix, tf1(AVERAGE));
    Path index = folder.resolve("broken.index");
    Path data = folder.resolve("broken.data-00000-of-00001");
    byte[] whole = Files.readAllBytes(index);
    SplittableRandom random = new SplittableRandom(5);
    int refused = 0;
    int tries = 8 * whole.length;
    for (int i = 0; i < tries; i++) {
      byte[] broken = whole.clone();
      broken[i / 8] ^= (byte) (1 << i % 8); // every bit once, and some bytes more
      for (int change = 0; change < i % 4; change++) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt();
      }
      Files.write(index, broken);
      try {
        TensorIndex.read(prefix);
      } catch (ModelFormatException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(100);

    Files.write(index, whole);
    Files.write(data, java.util.Arrays.copyOf(Files.readAllBytes(data), 1000));
    assertThatThrownBy(() -> Tf1Checkpoint.read(prefix, UNET))
        .isInstanceOf(ModelFormatException.class);
    Files.delete(index);
    assertThatThrownBy(() -> Tf1Checkpoint.read(prefix, UNET)).hasMessage(index + ": missing");
  }

  @Test
  void aStateDictIsReadWithAndWithoutThePrefixOfParallelTraining() throws IOException {
    for (String prefix : List.of("", "module.")) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (ParamSpec spec : ParamSpec.of(UNET)) {
        Shape torch = TorchLayout.of(spec.shape());
        boolean convolution = spec.name().matches(".*attn.*\\.(q|k|v|proj_out)\\.weight");
        tensors.put(
            prefix + spec.name(),
            new Tensor(
                convolution ? Shape.of(torch.get(0), torch.get(1), 1, 1) : torch,
                TorchLayout.toTorch(WEIGHTS.values().get(spec.name()), spec.shape())));
      }
      Path file = folder.resolve("state" + prefix + ".safetensors");
      SafeTensorsWriter.write(file, Map.of(), tensors);

      assertSame(ErmongroupFile.read(file, UNET));
    }
  }

  private static void assertSame(Map<String, float[]> values) {
    assertThat(values.keySet()).isEqualTo(WEIGHTS.values().keySet());
    values.forEach(
        (name, numbers) -> assertThat(numbers).as(name).isEqualTo(WEIGHTS.values().get(name)));
  }

  /** The weights by their names there; 1x1 shortcuts are matrices. */
  private static Map<String, Tensor> tf1(String suffix) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(UNET)) {
      Shape shape = spec.shape();
      boolean shortcut = shape.numDimensions() == 4 && shape.get(0) == 1;
      tensors.put(
          ForeignNames.tf1(spec.name()) + suffix,
          new Tensor(
              shortcut ? Shape.of(shape.get(2), shape.get(3)) : shape,
              WEIGHTS.values().get(spec.name())));
    }
    return tensors;
  }

  /** Writes with TensorFlow's own SaveV2, a counter among the weights. */
  private static void save(Path prefix, Map<String, Tensor> tensors) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      List<String> names = new ArrayList<>(tensors.keySet());
      List<Operand<?>> values = new ArrayList<>();
      tensors.values().forEach(t -> values.add(tf.constant(t.shape(), DataBuffers.of(t.values()))));
      names.add("global_step");
      values.add(tf.constant(7L));
      String[] whole = new String[names.size()];
      java.util.Arrays.fill(whole, "");
      var save =
          tf.train.save(
              tf.constant(prefix.toString()),
              tf.array(names.toArray(new String[0])),
              tf.array(whole),
              values);
      session.runner().addTarget(save).run().close();
    }
  }
}
