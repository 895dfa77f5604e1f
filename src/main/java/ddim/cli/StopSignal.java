package ddim.cli;

import java.util.concurrent.CountDownLatch;

/**
 * SIGTERM and SIGINT as a question that a task can ask: the process waits for the task to end in
 * good order. Its exit code stays that of the signal.
 */
final class StopSignal implements AutoCloseable {
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "ddim-stop");
  private volatile boolean given;

  StopSignal() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  boolean isGiven() {
    return given;
  }

  private void stop() {
    given = true;
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The task has ended, and has said what it had to say. */
  @Override
  public void close() {
    ended.countDown();
    if (!given) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // the signal came just now, and finds that the task has ended
      }
    }
  }
}
