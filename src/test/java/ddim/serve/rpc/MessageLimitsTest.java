package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.model.ModelSpec;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import org.junit.jupiter.api.Test;

class MessageLimitsTest {
  @Test
  void theImagesOfARequestFitIntoAMessageAndIntoTheQueue() {
    ModelSpec large = new FakeModel(256, 256, 3).spec();
    ModelSpec small = new FakeModel(28, 28, 1).spec();
    MessageLimits limits = MessageLimits.of(64 << 20, BatcherOptions.of(16));

    assertThat(limits.maxImages(large)).isEqualTo(85); // of 768 KiB in 64 MiB
    assertThat(limits.maxImages(small)).isEqualTo(1024); // 64 batches of 16
  }
}
