package ddim.cli.bench;

import ddim.cli.bench.Traffic.Asked;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import ddim.serve.batch.Row;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What a server does that knows nothing of trajectories: the number of steps is a parameter of a
 * request, and only equal ones share a batch, which runs from its start to its end. The longest
 * waiting row decides the number of steps, and whoever else waits with it comes along.
 */
final class OneStepCountBatches implements AutoCloseable {
  private record Waiting(Row row, CompletableFuture<float[]> image) {}

  private final SamplingModel model;
  private final int size;
  private final Deque<Waiting> queue = new ArrayDeque<>();
  private final Thread dispatcher;
  private boolean closed;

  /**
   * @param size the most rows of a batch
   */
  OneStepCountBatches(SamplingModel model, int size) {
    this.model = model;
    this.size = size;
    this.dispatcher = new Thread(this::run, "one-step-count");
    dispatcher.start();
  }

  Asked ask(Row row) {
    Waiting waiting = new Waiting(row, new CompletableFuture<>());
    synchronized (queue) {
      queue.add(waiting);
      queue.notifyAll();
    }
    return new Asked(waiting.image(), () -> waiting.image().cancel(false));
  }

  /** Ends after the batch under way; nobody may be waiting. */
  @Override
  public void close() throws InterruptedException {
    synchronized (queue) {
      closed = true;
      queue.notifyAll();
    }
    dispatcher.join();
  }

  private void run() {
    for (List<Waiting> batch = next(); !batch.isEmpty(); batch = next()) {
      List<Trajectory> rows = new ArrayList<>();
      for (Waiting waiting : batch) {
        long seed = waiting.row().seed();
        float[] start = model.latents(new long[] {seed})[0];
        rows.add(new Trajectory(seed, start, waiting.row().tables().get(0)));
      }
      try {
        model.advance(rows, rows.get(0).remaining(), batch.size(), null);
      } catch (RuntimeException e) {
        batch.forEach(waiting -> waiting.image().completeExceptionally(e));
        continue;
      }
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).image().complete(rows.get(i).x());
      }
    }
  }

  /** The next batch; empty at the end. */
  private List<Waiting> next() {
    List<Waiting> batch = new ArrayList<>();
    synchronized (queue) {
      try {
        while (queue.isEmpty() && !closed) {
          queue.wait();
        }
      } catch (InterruptedException e) {
        return batch;
      }
      Iterator<Waiting> all = queue.iterator();
      while (all.hasNext() && batch.size() < size) {
        Waiting waiting = all.next();
        if (batch.isEmpty() || waiting.row().steps() == batch.get(0).row().steps()) {
          batch.add(waiting);
          all.remove();
        }
      }
    }
    return batch;
  }
}
