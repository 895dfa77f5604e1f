package ddim.serve.batch;

import java.time.Duration;

/** The only clock of the server: tests put their own in its place. Thread-safe. */
public interface TimeSource {
  /** Nanoseconds since an arbitrary moment, as {@link System#nanoTime()}. */
  long nanoTime();

  /**
   * Runs a short task later, on a thread of the clock.
   *
   * @param delay how much later; not negative
   * @param task must neither block nor throw
   * @return cancels the task if it has not run yet
   */
  Alarm after(Duration delay, Runnable task);

  /** A task that has yet to run. */
  interface Alarm {
    /** Forgets the task; does nothing if it has run. */
    void cancel();
  }
}
