package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportedModelTest {
  @TempDir Path folder;

  @Test
  void samples() throws Exception {
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec spec : ParamSpec.of(UNetConfig.tiny())) {
      values.put(spec.name(), spec.init().values(spec.name(), spec.shape(), 0));
    }
    ModelWeights weights =
        new ModelWeights(
            UNetConfig.tiny(),
            ScheduleConfig.LINEAR_1000,
            Prediction.EPS,
            "none",
            "Apache-2.0",
            0,
            values);
    Path a = ModelExporter.export(weights, folder, "tiny", OptionalLong.empty());
    Path b = ModelExporter.export(weights, folder, "tiny", OptionalLong.empty());
    System.err.println(a + " " + b);
    try (LoadedModel model = LoadedModel.load(a)) {
      float[][] x = model.latents(new long[] {1, 2, 3});
      var table = Sampler.ddim(7, 1.0).table(NoiseSchedule.of(ScheduleConfig.LINEAR_1000));
      Trajectory t = new Trajectory(1, x[0], table);
      model.advance(List.of(t), 100, 2, null);
      System.err.println(t.x()[0] + " " + t.x0()[0] + " " + t.isFinished());
      for (var f : model.metaGraph().getGraphDef().getLibrary().getFunctionList())
        System.err.println(f.getSignature().getName() + " " + f.getNodeDefCount());
    }
    for (var d : List.of(a, b))
      java.nio.file.Files.writeString(
          Path.of("/tmp/t/" + d.getFileName() + ".txt"),
          org.tensorflow.proto.SavedModel.parseFrom(
                  java.nio.file.Files.readAllBytes(d.resolve("saved_model.pb")))
              .toString());
    assertThat(
            java.nio.file.Files.mismatch(a.resolve("saved_model.pb"), b.resolve("saved_model.pb")))
        .isEqualTo(-1);
  }
}
