package ddim.serve.call;

import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;

/** Hears of every call. Called on the threads that do it: must neither block nor throw. */
public interface CallObserver {
  /**
   * A call has come.
   *
   * @param headers what the client sent along, with its secrets
   */
  default void started(CallRecord call, Metadata headers) {}

  /** A row has waited so long for its first graph call, which begins. */
  default void rowStarted(CallRecord call, int row, Duration queueTime) {}

  /** A graph call has taken a row further, so that it has taken so many steps. */
  default void rowAdvanced(CallRecord call, int row, int steps) {}

  /**
   * A call has ended; every call that has started does so once.
   *
   * @param status what the client was told, or that it did not wait for it
   */
  void ended(CallRecord call, Status status, Duration duration);
}
