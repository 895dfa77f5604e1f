package ddim.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/**
 * Shares the rows of a batch among graph calls that run side by side.
 *
 * <p>The threads of one operation wait for each other at its end, several hundred times in an
 * evaluation of the network. Rows have nothing to wait for: a call with half of them on half of the
 * processors is done sooner than all of them with all, the more so the smaller the network.
 *
 * <p>Thread-safe.
 */
final class Lanes implements AutoCloseable {
  private final int count;
  private final ExecutorService threads;

  /**
   * @param count how many calls share a batch, at least 1
   */
  Lanes(int count) {
    this.count = count;
    this.threads = Executors.newCachedThreadPool(Lanes::thread);
  }

  /** A share of a batch: some of its rows, and how many the graph computes with the padding. */
  record Share(List<Trajectory> rows, int batchSize) {}

  /**
   * Shares a batch out. All shares are of one size, so that they keep to one set of kernels; one
   * that would have padding alone is left out.
   *
   * @param batchSize of all, at least {@code rows.size()}
   */
  List<Share> share(List<Trajectory> rows, int batchSize) {
    int used = Math.min(count, batchSize);
    int size = (batchSize + used - 1) / used;
    List<Share> shares = new ArrayList<>();
    for (int lane = 0; lane < used; lane++) {
      List<Trajectory> own =
          rows.subList(rows.size() * lane / used, rows.size() * (lane + 1) / used);
      if (!own.isEmpty()) {
        shares.add(new Share(own, size));
      }
    }
    return shares;
  }

  /**
   * Calls {@code work} with each input at the same time, the last one in the caller's thread.
   *
   * @return what it returned, in the order of the inputs
   * @throws RuntimeException the first that {@code work} threw, once all calls have ended
   */
  <T, R> List<R> run(List<T> inputs, Function<T, R> work) {
    int last = inputs.size() - 1;
    List<CompletableFuture<R>> others =
        inputs.subList(0, last).stream()
            .map(input -> CompletableFuture.supplyAsync(() -> work.apply(input), threads))
            .toList();
    List<R> results = new ArrayList<>();
    CompletableFuture<R> own = new CompletableFuture<>();
    try {
      own.complete(work.apply(inputs.get(last)));
    } catch (RuntimeException | Error e) {
      own.completeExceptionally(e);
    }
    List<CompletableFuture<R>> all = new ArrayList<>(others);
    all.add(own);
    try {
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
      all.forEach(result -> results.add(result.join()));
    } catch (CompletionException e) {
      throw unwrapped(e);
    }
    return results;
  }

  /** Lets the threads end; calls must have ended. */
  @Override
  public void close() {
    threads.shutdown();
  }

  private static RuntimeException unwrapped(CompletionException e) {
    if (e.getCause() instanceof RuntimeException cause) {
      return cause;
    }
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e;
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "ddim-lane");
    thread.setDaemon(true);
    return thread;
  }
}
