package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.data.FashionMnist;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  @TempDir Path folder;

  @Test
  void lossFallsOnRealImages() throws Exception {
    List<Double> losses = new ArrayList<>();
    TrainConfig config = TrainConfig.named("fashion-mnist");
    Trainer.run(
        config,
        FashionMnist.bundled(),
        folder.resolve("run"),
        12,
        false,
        p -> {
          losses.add(p.loss());
          System.err.println(p);
        });
    assertThat(losses).hasSize(12);
  }
}
