package ddim.model;

import java.util.ArrayList;
import java.util.Comparator;
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
  private static final Comparator<Trajectory> WIDEST_FIRST =
      Comparator.comparingInt((Trajectory row) -> row.condition().places()).reversed();

  private final int count;
  private final ExecutorService threads;

  /**
   * @param count how many calls share a batch, at least 1
   */
  Lanes(int count) {
    this.count = count;
    this.threads = Executors.newCachedThreadPool(Lanes::thread);
  }

  /**
   * A share of a batch.
   *
   * @param rows some of its rows
   * @param batchSize how many rows the network computes: these, guided ones twice, and padding
   */
  record Share(List<Trajectory> rows, int batchSize) {}

  /**
   * Shares a batch out. All shares are of one size, whatever rows there are, so that they keep to
   * one set of kernels; one that would have padding alone is left out. As a guided row needs two
   * places of one call, the shares of a model with classes are even, and at least two: a batch of
   * as many rows as there are lanes has half of the lanes.
   *
   * @param batchSize of all, in places; if the rows need more, so many
   * @param mostPlaces that a row of the model can need
   */
  List<Share> share(List<Trajectory> rows, int batchSize, int mostPlaces) {
    int needed = rows.stream().mapToInt(row -> row.condition().places()).sum();
    int places = Math.max(batchSize, needed);
    int used = Math.max(1, Math.min(count, places / mostPlaces));
    int unit = used == 1 ? 1 : mostPlaces;
    int size = ceilDiv(ceilDiv(places, used), unit) * unit;
    List<List<Trajectory>> shares = new ArrayList<>();
    for (int lane = 0; lane < used; lane++) {
      shares.add(new ArrayList<>());
    }
    // The widest first, each where most is free: so all of them fit.
    int[] taken = new int[used];
    for (Trajectory row : rows.stream().sorted(WIDEST_FIRST).toList()) {
      int lane = emptiest(taken);
      shares.get(lane).add(row);
      taken[lane] += row.condition().places();
    }
    return shares.stream()
        .filter(share -> !share.isEmpty())
        .map(share -> new Share(share, size))
        .toList();
  }

  private static int emptiest(int[] taken) {
    int emptiest = 0;
    for (int lane = 1; lane < taken.length; lane++) {
      emptiest = taken[lane] < taken[emptiest] ? lane : emptiest;
    }
    return emptiest;
  }

  private static int ceilDiv(int a, int b) {
    return (a + b - 1) / b;
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
