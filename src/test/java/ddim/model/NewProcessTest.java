package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Prediction;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import ddim.train.TrainConfig;
import ddim.train.TrainedTiny;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.SignatureDef;

/** An exported model in another process against the weights in this one, which trained them. */
class NewProcessTest {
  @TempDir Path folder;

  @Test
  void aNewProcessMakesTheImagesOfTheAveragedWeights() throws Exception {
    Path model = TrainedTiny.export(folder.resolve("models"), "tiny");
    Path file = folder.resolve("images");

    int exit = sampleInNewProcess(model, file);

    assertThat(exit).isZero();
    float[] elsewhere = new float[SampleInNewProcess.SEEDS.length * 8 * 8 * 3];
    ByteBuffer.wrap(Files.readAllBytes(file)).asFloatBuffer().get(elsewhere);
    assertThat(elsewhere).isEqualTo(sample(checkpointWeights("ema")));
    assertThat(elsewhere).isNotEqualTo(sample(checkpointWeights("weights")));
  }

  private static int sampleInNewProcess(Path model, Path file) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-cp",
            System.getProperty("java.class.path"),
            SampleInNewProcess.class.getName(),
            model.toString(),
            file.toString());
    Process process = builder.inheritIO().start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return process.exitValue();
  }

  private static ModelWeights checkpointWeights(String group) throws Exception {
    Path checkpoint;
    try (Stream<Path> files = Files.list(TrainedTiny.run().resolve("checkpoints"))) {
      checkpoint = files.sorted().toList().get(0);
    }
    UNetConfig unet = UNetConfig.tiny();
    Map<String, float[]> values = new LinkedHashMap<>();
    try (SafeTensors tensors = SafeTensors.open(checkpoint)) {
      for (ParamSpec spec : ParamSpec.of(unet)) {
        values.put(spec.name(), tensors.floats(group + "/" + spec.name()));
      }
    }
    return new ModelWeights(
        unet, TrainConfig.named("tiny").schedule(), Prediction.EPS, "", "", 0, values);
  }

  /** Samples with a graph built here, never written to a file. */
  private static float[] sample(ModelWeights weights) {
    try (Graph graph = new Graph()) {
      SignatureDef signature =
          ModelGraph.build(graph, weights, WeightType.FLOAT32).get(ModelSignature.SERVING_DEFAULT);
      try (Session session = new Session(graph);
          Tensor seed = SignatureRunner.longs(SampleInNewProcess.SEEDS);
          Tensor steps = SignatureRunner.ints(SampleInNewProcess.STEPS);
          Tensor eta = SignatureRunner.floats(SampleInNewProcess.ETA, 3);
          Result result =
              session
                  .runner()
                  .feed(signature.getInputsOrThrow("seed").getName(), seed)
                  .feed(signature.getInputsOrThrow("steps").getName(), steps)
                  .feed(signature.getInputsOrThrow("eta").getName(), eta)
                  .fetch(signature.getOutputsOrThrow("x0").getName())
                  .run()) {
        Tensor x0 = result.get(0);
        float[] values = new float[(int) x0.size()];
        x0.asRawTensor().data().asFloats().read(values);
        return values;
      }
    }
  }
}
