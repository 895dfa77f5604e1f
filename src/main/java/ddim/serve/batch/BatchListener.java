package ddim.serve.batch;

import java.time.Duration;

/**
 * Hears what a {@link Batcher} does, for metrics. Called on the threads that do it: must neither
 * block nor throw.
 */
public interface BatchListener {
  /** Hears nothing. */
  BatchListener NONE = new BatchListener() {};

  /** Two that hear the same. */
  static BatchListener both(BatchListener first, BatchListener second) {
    return new BatchListener() {
      @Override
      public void accepted(int rows) {
        first.accepted(rows);
        second.accepted(rows);
      }

      @Override
      public void refused(RefusedException.Reason reason, int rows) {
        first.refused(reason, rows);
        second.refused(reason, rows);
      }

      @Override
      public void started(Duration queueTime) {
        first.started(queueTime);
        second.started(queueTime);
      }

      @Override
      public void computed(GraphCall call) {
        first.computed(call);
        second.computed(call);
      }

      @Override
      public void ended(Outcome outcome, int rows, Duration sinceAccepted) {
        first.ended(outcome, rows, sinceAccepted);
        second.ended(outcome, rows, sinceAccepted);
      }

      @Override
      public void freed(int rows, Duration sinceEnd) {
        first.freed(rows, sinceEnd);
        second.freed(rows, sinceEnd);
      }
    };
  }

  /** How a job ended. */
  enum Outcome {
    /** With its images. */
    DONE,
    /** Its caller gave up, or was cancelled. */
    WITHDRAWN,
    /** Its caller's time was over. */
    LATE,
    /** Turned away after it was accepted: the model is being shut down, or others needed room. */
    REFUSED,
    /** By what the model threw. */
    FAILED
  }

  /**
   * A graph call that has ended.
   *
   * @param rows the rows in it
   * @param batchSize the rows that the network computed, guided ones twice, with padding
   * @param columns the steps that it computed for each
   * @param steps the steps that rows have taken, those of guided rows counted twice as the network
   *     is asked twice, at most {@code batchSize * columns}
   * @param time how long it took
   */
  record GraphCall(int rows, int batchSize, int columns, long steps, Duration time) {
    /** The share of its work that somebody wanted, above 0, at most 1. */
    public double fill() {
      return steps / ((double) batchSize * columns);
    }
  }

  /** Rows were accepted, and wait. */
  default void accepted(int rows) {}

  /** Rows were refused at once. */
  default void refused(RefusedException.Reason reason, int rows) {}

  /** A row has waited this long for its first graph call, which begins. */
  default void started(Duration queueTime) {}

  /** A graph call has ended well. */
  default void computed(GraphCall call) {}

  /** A job that was accepted has ended, this long after. Every accepted job does so once. */
  default void ended(Outcome outcome, int rows, Duration sinceAccepted) {}

  /** So many rows of a job that ended early have left the graph, this long after its end. */
  default void freed(int rows, Duration sinceEnd) {}
}
