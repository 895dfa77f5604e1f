package ddim.serve.rpc;

import ddim.serve.batch.BatchCounters;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.v1.Batching;
import ddim.v1.StepTime;
import java.util.concurrent.TimeUnit;

/** How a model's images are batched, as a message. */
final class BatchingInfo {
  private BatchingInfo() {}

  static Batching of(Batcher batcher) {
    BatcherOptions options = batcher.calibration().options();
    BatchCounters counters = batcher.counters();
    boolean whole = options.columnsPerCall() == BatcherOptions.WHOLE_TRAJECTORY;
    Batching.Builder batching =
        Batching.newBuilder()
            .addAllAllowedBatchSizes(options.allowedBatchSizes())
            .setColumnsPerCall(whole ? 0 : options.columnsPerCall())
            .setBatchTimeoutMicros(TimeUnit.NANOSECONDS.toMicros(options.batchTimeout().toNanos()))
            .setMaxEnqueuedBatches(options.maxEnqueuedBatches())
            .setPriorityLevels(options.priorityLevels())
            .setDefaultPriorityLevel(options.defaultPriorityLevel())
            .setGraphCalls(counters.calls())
            .setStepsTaken(counters.steps())
            .setStepsComputed(counters.computed())
            .setImagesWaiting(batcher.waiting())
            .setImagesBegun(batcher.started());
    batcher
        .calibration()
        .stepTimes()
        .forEach(
            (size, time) ->
                batching.addStepTimes(
                    StepTime.newBuilder()
                        .setBatchSize(size)
                        .setMicros(TimeUnit.NANOSECONDS.toMicros(time.toNanos()))));
    return batching.build();
  }
}
