package ddim.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final AtomicLong now = new AtomicLong(1_000);
  private final StringWriter err = new StringWriter();

  @Test
  void aLineEveryTenSecondsAndTheLastOne() {
    Progress progress = lines(400);

    for (int step = 1; step <= 400; step++) {
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
      progress.at(step, "loss 0.0712");
    }

    assertThat(err.toString().lines())
        .containsExactly(
            "train: 100 of 400 steps, loss 0.0712, 0:00:30 left",
            "train: 200 of 400 steps, loss 0.0712, 0:00:20 left",
            "train: 300 of 400 steps, loss 0.0712, 0:00:10 left",
            "train: 400 of 400 steps, loss 0.0712");
  }

  @Test
  void theTimeLeftOfAResumedTaskIsThatOfItsOwnSteps() {
    Progress progress = lines(4000);

    for (int step = 3601; step <= 3611; step++) {
      now.addAndGet(TimeUnit.SECONDS.toNanos(1));
      progress.at(step, "");
    }

    assertThat(err.toString().lines()).containsExactly("train: 3610 of 4000 steps, 0:06:30 left");
  }

  @Test
  void theFirstStepSaysNothingOfTheTimeLeft() {
    Progress progress = lines(40);

    for (int step = 1; step <= 11; step++) {
      now.addAndGet(TimeUnit.SECONDS.toNanos(step == 1 ? 60 : 1));
      progress.at(step, "");
    }

    assertThat(err.toString().lines())
        .containsExactly("train: 1 of 40 steps", "train: 11 of 40 steps, 0:00:29 left");
  }

  private Progress lines(long total) {
    return Progress.lines("train", "steps", total, new PrintWriter(err, true), now::get);
  }
}
