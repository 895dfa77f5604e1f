package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatcherOptionsTest {
  @Test
  void defaultsNeverWaitAndRunWholeTrajectories() {
    BatcherOptions options = BatcherOptions.of(12);

    assertThat(options)
        .isEqualTo(
            new BatcherOptions(
                12,
                Duration.ZERO,
                List.of(1, 2, 4, 8, 12),
                64,
                BatcherOptions.WHOLE_TRAJECTORY,
                3,
                2,
                false));
    assertThat(options.maxEnqueuedImages()).isEqualTo(768);
  }

  @ParameterizedTest(name = "{0} rows are computed as {1}")
  @CsvSource({"1, 1", "2, 2", "3, 4", "5, 8", "9, 12", "12, 12"})
  void aBatchIsPaddedToTheNextAllowedSize(int rows, int size) {
    assertThat(BatcherOptions.of(12).paddedSize(rows)).isEqualTo(size);
  }

  @Test
  void numbersOutOfRangeAreNamedAsOperatorsDo() {
    BatcherOptions options = BatcherOptions.of(8);

    assertThatThrownBy(() -> new BatcherOptions(0, Duration.ZERO, List.of(), 1, 1, 1, 1, false))
        .hasMessage("max_batch_size must be at least 1, is 0");
    assertThatThrownBy(() -> options.withBatchTimeout(Duration.ofNanos(-1)))
        .hasMessage("batch_timeout_micros must not be negative");
    assertThatThrownBy(() -> options.withAllowedBatchSizes(List.of(1, 4)))
        .hasMessage(
            "allowed_batch_sizes must ascend from at least 1 to max_batch_size 8, are [1, 4]");
    assertThatThrownBy(() -> options.withAllowedBatchSizes(List.of(4, 4, 8)))
        .hasMessageContaining("allowed_batch_sizes");
    assertThatThrownBy(() -> options.withMaxEnqueuedBatches(0))
        .hasMessage("max_enqueued_batches must be at least 1, is 0");
    assertThatThrownBy(() -> options.withMaxEnqueuedBatches(1 << 28))
        .hasMessage(
            "max_enqueued_batches * max_batch_size must be at most 2147483647, is 268435456 * 8");
    assertThatThrownBy(() -> options.withColumnsPerCall(0))
        .hasMessage("columns_per_call must be at least 1, is 0");
  }
}
