package ddim.serve.batch;

import ddim.diffusion.StepTable;
import ddim.model.Trajectory;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One row of a job, and where it is. Not thread-safe: it belongs to the dispatcher. */
final class Ticket {
  private final Job job;
  private final int index;
  private float @Nullable [] start;
  private @Nullable Trajectory trajectory;
  private int tablesBegun;
  private volatile int stepsLeft;
  private int stepsBefore; // of the tables before the present one

  Ticket(Job job, int index) {
    this.job = job;
    this.index = index;
    this.stepsLeft = row().steps();
  }

  Job job() {
    return job;
  }

  /** The row's place in its job. */
  int index() {
    return index;
  }

  Row row() {
    return job.rows().get(index);
  }

  boolean hasStarted() {
    return start != null;
  }

  /** Begins at {@code x}. */
  void start(float[] x) {
    start = x;
    beginTable(x);
  }

  boolean isFinished() {
    return hasStarted()
        && tablesBegun == row().tables().size()
        && (trajectory == null || trajectory.isFinished());
  }

  /** Where it is on the present table; for rows that are neither new nor finished. */
  Trajectory trajectory() {
    return Objects.requireNonNull(trajectory);
  }

  /** How many steps it may take before it must be looked at, or its table ends. */
  int stepsToStop() {
    int taken = stepsTaken();
    int left = trajectory().remaining();
    for (int stop : row().stops()) {
      if (stop > taken) {
        return Math.min(left, stop - taken);
      }
    }
    return left;
  }

  /** Looks at the row after a graph call: tells its listener, and begins the next table if due. */
  void advanced() {
    Trajectory now = trajectory();
    boolean finished = isFinished();
    stepsLeft = row().steps() - stepsTaken();
    job.listener().advanced(index, stepsTaken(), now.x(), now.x0(), finished);
    if (finished) {
      job.listener().finished(index, now);
    }
    if (now.isFinished() && !finished) {
      stepsBefore += now.position();
      beginTable(now.x());
    }
  }

  /** How many steps it has yet to take; other threads may hear of it late. */
  int stepsLeft() {
    return stepsLeft;
  }

  /** The image, once finished. */
  float[] image() {
    return trajectory == null ? Objects.requireNonNull(start) : trajectory.x();
  }

  private int stepsTaken() {
    return stepsBefore + trajectory().position();
  }

  private void beginTable(float[] x) {
    List<StepTable> tables = row().tables();
    if (tablesBegun < tables.size()) {
      StepTable table = tables.get(tablesBegun);
      float[] history = tablesBegun == 0 ? row().history() : null;
      trajectory =
          new Trajectory(
              row().seed(),
              x,
              history == null ? new float[StepTable.HISTORY * x.length] : history,
              table,
              row().condition());
      tablesBegun++;
    }
  }
}
