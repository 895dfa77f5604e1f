package ddim.serve.batch;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Time that passes when a test says so; alarms run on the thread of the test. */
public final class FakeTime implements TimeSource {
  private record Due(long at, Runnable task) {}

  private final Object lock = new Object();

  @GuardedBy("lock")
  private final List<Due> alarms = new ArrayList<>();

  @GuardedBy("lock")
  private long now = Long.MAX_VALUE - 1_000_000; // soon overflows, as nanoTime may

  @Override
  public long nanoTime() {
    synchronized (lock) {
      return now;
    }
  }

  @Override
  public Alarm after(Duration delay, Runnable task) {
    if (delay.isZero()) {
      task.run();
      return () -> {};
    }
    synchronized (lock) {
      Due due = new Due(now + delay.toNanos(), task);
      alarms.add(due);
      lock.notifyAll();
      return () -> {
        synchronized (lock) {
          alarms.remove(due);
          lock.notifyAll();
        }
      };
    }
  }

  /** Lets time pass, running every alarm at its moment. */
  public void advance(Duration duration) {
    long end;
    synchronized (lock) {
      end = now + duration.toNanos();
    }
    while (true) {
      Due due;
      synchronized (lock) {
        long from = now;
        due =
            alarms.stream()
                .filter(alarm -> alarm.at - end <= 0)
                .min(Comparator.comparingLong(alarm -> alarm.at - from))
                .orElse(null);
        now = due == null ? end : due.at;
        if (due == null) {
          return;
        }
        alarms.remove(due);
      }
      due.task.run();
    }
  }

  /** How many alarms are set. */
  public int alarms() {
    synchronized (lock) {
      return alarms.size();
    }
  }

  /** Waits until exactly so many alarms are set. */
  public void awaitAlarms(int count) {
    long end = System.nanoTime() + Gate.PATIENCE.toNanos();
    synchronized (lock) {
      while (alarms.size() != count) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new AssertionError(alarms.size() + " alarms set, not " + count);
        }
        try {
          lock.wait(left);
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }
  }
}
