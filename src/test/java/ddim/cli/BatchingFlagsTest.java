package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.cli.config.ServeConfigReader;
import ddim.serve.batch.BatcherOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class BatchingFlagsTest {
  @Command
  private static final class Some {
    @Mixin private final BatchingFlags flags = new BatchingFlags();
  }

  @Test
  void withoutAnythingSizesAreMeasured() throws IOException {
    assertThat(options()).isEqualTo(BatcherOptions.of(64).withSweep(true));
  }

  @Test
  void whatIsSaidIsKept() throws IOException {
    assertThat(
            options(
                "--max-batch-size=8",
                "--allowed-batch-sizes=2,8",
                "--batch-timeout-micros=1500",
                "--max-enqueued-batches=3",
                "--columns-per-call=5",
                "--priority-levels=2",
                "--default-priority-level=1"))
        .isEqualTo(
            new BatcherOptions(8, Duration.ofNanos(1_500_000), List.of(2, 8), 3, 5, 2, 1, false));
    assertThat(options("--allowed-batch-sizes=4,12"))
        .isEqualTo(BatcherOptions.of(12).withAllowedBatchSizes(List.of(4, 12)).withSweep(true));
  }

  @Test
  void whatCannotBeIsTheCallersFault() {
    assertThatThrownBy(() -> options("--max-batch-size=many"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batching.max_batch_size must be a whole number from 1, or auto, is many");
    assertThatThrownBy(() -> options("--max-batch-size=8", "--allowed-batch-sizes=2,4"))
        .hasMessageContaining("allowed_batch_sizes must ascend");
    assertThatThrownBy(() -> options("--default-priority-level=4"))
        .hasMessage("batching.default_priority_level must be from 1 to priority_levels 3, is 4");
  }

  private static BatcherOptions options(String... arguments) throws IOException {
    Some some = new Some();
    new CommandLine(some).parseArgs(arguments);
    return ServeConfigReader.read(null, some.flags.byKey()).batcherOptions();
  }
}
