package ddim.serve.inference;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.serve.batch.BatchListener;
import ddim.serve.batch.RefusedException;
import inference.InferBatchStatistics;
import inference.InferStatistics;
import inference.ModelStatistics;
import inference.StatisticDuration;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one version of a model has done for the requests of all protocols, as Triton counts it.
 * Thread-safe.
 */
final class VersionStatistics implements BatchListener {
  private static final class Total {
    long count;
    long nanos;

    void add(long times, Duration each) {
      count += times;
      nanos += times * each.toNanos();
    }

    StatisticDuration toProto() {
      return StatisticDuration.newBuilder().setCount(count).setNs(nanos).build();
    }
  }

  @GuardedBy("this")
  private final Total success = new Total();

  @GuardedBy("this")
  private final Total fail = new Total();

  @GuardedBy("this")
  private final Total queue = new Total();

  @GuardedBy("this")
  private final Total compute = new Total();

  @GuardedBy("this")
  private final SortedMap<Integer, Total> calls = new TreeMap<>(); // by the number of rows

  @GuardedBy("this")
  private long images;

  @GuardedBy("this")
  private long lastMillis;

  @Override
  public synchronized void refused(RefusedException.Reason reason, int rows) {
    fail.add(1, Duration.ZERO);
  }

  @Override
  public synchronized void started(Duration queueTime) {
    queue.add(1, queueTime);
  }

  @Override
  public synchronized void computed(GraphCall call) {
    compute.add(call.rows(), call.time());
    calls.computeIfAbsent(call.rows(), rows -> new Total()).add(1, call.time());
  }

  @Override
  public synchronized void ended(Outcome outcome, int rows, Duration sinceAccepted) {
    if (outcome == Outcome.DONE) {
      success.add(1, sinceAccepted);
      images += rows;
      lastMillis = System.currentTimeMillis();
    } else {
      fail.add(1, sinceAccepted);
    }
  }

  /** All so far, without the name of the version. */
  synchronized ModelStatistics.Builder snapshot() {
    ModelStatistics.Builder told =
        ModelStatistics.newBuilder()
            .setLastInference(lastMillis)
            .setInferenceCount(images)
            .setExecutionCount(calls.values().stream().mapToLong(total -> total.count).sum())
            .setInferenceStats(
                InferStatistics.newBuilder()
                    .setSuccess(success.toProto())
                    .setFail(fail.toProto())
                    .setQueue(queue.toProto())
                    .setComputeInfer(compute.toProto()));
    calls.forEach(
        (rows, total) ->
            told.addBatchStats(
                InferBatchStatistics.newBuilder()
                    .setBatchSize(rows)
                    .setComputeInfer(total.toProto())));
    return told;
  }
}
