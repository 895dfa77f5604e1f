package ddim.serve.call;

import io.grpc.Status;
import java.time.Duration;

/** Hears of every call. Called on handler threads: must neither block nor throw. */
public interface CallObserver {
  /** A call has come. */
  default void started(CallRecord call) {}

  /**
   * A call has ended; every call that has started does so once.
   *
   * @param status what the client was told, or that it did not wait for it
   */
  void ended(CallRecord call, Status status, Duration duration);
}
