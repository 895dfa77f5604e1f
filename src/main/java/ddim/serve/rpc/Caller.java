package ddim.serve.rpc;

import ddim.serve.batch.Terms;
import ddim.serve.call.CallRecord;
import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, how urgently, and until when.
 *
 * @param record of the call
 * @param priority as in {@link Terms}
 * @param deadline null if it waits as long as it takes
 */
record Caller(CallRecord record, int priority, @Nullable Deadline deadline) {
  /** Of the call that is being handled on this thread. */
  static Caller current(int priority) {
    return new Caller(CallRecord.current(), priority, Context.current().getDeadline());
  }

  /** What Cancel calls the call. */
  String id() {
    return record.id();
  }

  /** A name for who asks. */
  String client() {
    return record.client();
  }

  /** As of now. */
  Terms terms() {
    Duration left =
        deadline == null ? null : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
    return new Terms(client(), priority, left);
  }
}
