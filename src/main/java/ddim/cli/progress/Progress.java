package ddim.cli.progress;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Says on the error stream how far a long task is: a bar on a terminal, elsewhere a line now and
 * then.
 *
 * <p>The launcher knows whether the error stream is a terminal and says so in the system property
 * {@code ddim.progress}, {@code bar} or {@code lines}. Not thread-safe.
 */
public abstract class Progress implements AutoCloseable {
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);
  private static final int BAR_WIDTH = 110;
  private static final int BAR_MILLIS = 250;

  /**
   * Starts a task.
   *
   * @param task what is done, one word
   * @param unit what it is counted in
   * @param total how many of them
   * @param err where lines go; a bar goes to the error stream of the process
   */
  public static Progress start(String task, String unit, long total, PrintWriter err) {
    return "bar".equals(System.getProperty("ddim.progress"))
        ? new Bar(task, total)
        : lines(task, unit, total, err, System::nanoTime);
  }

  /** Progress as lines, by a clock of the caller's. */
  static Progress lines(
      String task, String unit, long total, PrintWriter err, LongSupplier nanoTime) {
    return new Lines(task, unit, total, err, nanoTime);
  }

  /**
   * Tells how far it is.
   *
   * @param done how many are done
   * @param message what else is worth knowing, may be empty
   */
  public abstract void at(long done, String message);

  @Override
  public abstract void close();

  private static final class Bar extends Progress {
    private final ProgressBar bar;

    Bar(String task, long total) {
      bar =
          ProgressBar.builder()
              .setTaskName(task)
              .setInitialMax(total)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(BAR_MILLIS)
              .setConsumer(new ConsoleProgressBarConsumer(System.err, BAR_WIDTH))
              .build();
    }

    @Override
    public void at(long done, String message) {
      bar.stepTo(done);
      bar.setExtraMessage(message);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  private static final class Lines extends Progress {
    private final String task;
    private final String unit;
    private final long total;
    private final PrintWriter err;
    private final LongSupplier nanoTime;
    private long lastLine;
    private long first = -1;
    private long firstAt;

    Lines(String task, String unit, long total, PrintWriter err, LongSupplier nanoTime) {
      this.task = task;
      this.unit = unit;
      this.total = total;
      this.err = err;
      this.nanoTime = nanoTime;
      this.lastLine = nanoTime.getAsLong();
    }

    @Override
    public void at(long done, String message) {
      long now = nanoTime.getAsLong();
      if (first < 0) {
        first = done;
        firstAt = now;
      }
      if (done >= total || now - lastLine >= BETWEEN_LINES.toNanos()) {
        lastLine = now;
        String left = first < done && done < total ? ", " + timeLeft(done, now) + " left" : "";
        String also = message.isEmpty() ? "" : ", " + message;
        err.println(task + ": " + done + " of " + total + " " + unit + also + left);
        err.flush();
      }
    }

    /** A resumed task starts in the middle, and the first step of any includes preparations. */
    private String timeLeft(long done, long now) {
      double nanosEach = (double) (now - firstAt) / (done - first);
      Duration left = Duration.ofNanos((long) (nanosEach * (total - done)));
      return "%d:%02d:%02d".formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart());
    }

    @Override
    public void close() {}
  }
}
