package ddim.serve.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What is left of a job in a {@link RowQueue}. */
final class JobRows extends Shares.Claim {
  final Job job;
  final Deque<Ticket> fresh = new ArrayDeque<>();
  final Deque<Ticket> started = new ArrayDeque<>();
  final float[] @Nullable [] results;

  JobRows(Job job) {
    this.job = job;
    results = new float[job.rows().size()][];
    for (int i = 0; i < results.length; i++) {
      fresh.add(new Ticket(job, i));
    }
  }

  @Override
  int wants() {
    return fresh.size() + started.size();
  }

  boolean isUnstarted() {
    return fresh.size() == results.length;
  }

  /** Starts rows until every place has one; how many. */
  int begin() {
    int begun = 0;
    for (; started.size() < places(); begun++) {
      started.add(fresh.remove());
    }
    return begun;
  }

  /** The steps that its rows have yet to take. */
  long stepsLeft() {
    long left = 0;
    for (Ticket ticket : fresh) {
      left += ticket.stepsLeft();
    }
    for (Ticket ticket : started) {
      left += ticket.stepsLeft();
    }
    return left;
  }
}
