package ddim.serve.batch;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The time of the machine, with one thread for all alarms. */
public final class SystemTime implements TimeSource, AutoCloseable {
  private final ScheduledThreadPoolExecutor alarms;

  public SystemTime() {
    alarms =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "ddim-alarms");
              thread.setDaemon(true);
              return thread;
            });
    alarms.setRemoveOnCancelPolicy(true); // most deadlines are met: their alarms must not pile up
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Alarm after(Duration delay, Runnable task) {
    Future<?> alarm = alarms.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> alarm.cancel(false);
  }

  /** Forgets all alarms. */
  @Override
  public void close() {
    alarms.shutdownNow();
  }
}
