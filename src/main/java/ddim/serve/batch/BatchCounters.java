package ddim.serve.batch;

import ddim.serve.batch.BatchListener.GraphCall;

/**
 * What a batcher's graph calls have done so far.
 *
 * @param calls how many there were
 * @param steps the steps that rows have taken, those of guided rows counted twice
 * @param computed the steps that were computed for that, with padding
 */
public record BatchCounters(long calls, long steps, long computed) {
  /** Of a batcher that has done nothing. */
  public static final BatchCounters NONE = new BatchCounters(0, 0, 0);

  BatchCounters plus(GraphCall call) {
    return new BatchCounters(
        calls + 1, steps + call.steps(), computed + (long) call.batchSize() * call.columns());
  }

  /** The share of the work since {@code before} that somebody wanted; NaN if there was none. */
  public double fillSince(BatchCounters before) {
    return (steps - before.steps) / (double) (computed - before.computed);
  }
}
