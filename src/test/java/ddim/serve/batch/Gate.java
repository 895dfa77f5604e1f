package ddim.serve.batch;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Holds a model's calls until the test lets them go on. */
public final class Gate {
  /** How long a test waits for what must happen, before it fails. */
  public static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Semaphore arrived = new Semaphore(0);
  private final Semaphore permits = new Semaphore(0);

  /** For the model's thread: reports the call, then waits to be let through. */
  public void pass() {
    arrived.release();
    if (!tryAcquire(permits)) {
      throw new AssertionError("nobody opened the gate");
    }
  }

  /** Waits for a call to stand at the gate. */
  public void awaitCall() {
    if (!tryAcquire(arrived)) {
      throw new AssertionError("no call came to the gate");
    }
  }

  /** Lets one call through. */
  public void letThrough() {
    permits.release();
  }

  /** Lets every call through from now on. */
  public void open() {
    permits.release(1_000_000);
  }

  private static boolean tryAcquire(Semaphore semaphore) {
    try {
      return semaphore.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
