package ddim.cli.bench;

import ddim.serve.batch.Batcher;
import ddim.serve.batch.Job;
import ddim.serve.batch.Row;
import ddim.serve.batch.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.function.Function;

/**
 * Clients that ask for one image after the other, each as soon as it has the one before.
 *
 * @param name what a table calls it
 * @param clients how many there are
 * @param row the next image of a client
 * @param cancelled the share of requests that are given up, at a random moment of the first half
 *     second
 */
record Traffic(String name, int clients, Function<Random, Row> row, double cancelled) {
  private static final int LONGEST_PATIENCE_MILLIS = 500;

  /** Whoever makes the images. */
  interface Target {
    Asked ask(Row row);
  }

  static Target target(Batcher batcher) {
    return row -> {
      Job job = batcher.submit(List.of(row), null);
      return new Asked(job.result(), job::withdraw);
    };
  }

  /** An image that is under way, and how it is given up. */
  record Asked(CompletableFuture<?> done, Runnable withdraw) {}

  /** What came of it. */
  record Outcome(long images, long cancels, Duration time, List<Duration> latencies) {
    Duration latency(double quantile) {
      return Quantiles.of(latencies, quantile);
    }
  }

  /** Runs for a time; what is under way then is finished, and does not count. */
  Outcome run(Target target, Duration duration, TimeSource time) {
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    List<Duration> latencies = new ArrayList<>();
    long[] cancels = {0};
    long begin = time.nanoTime();
    long end = begin + duration.toNanos();
    Phaser all = new Phaser(1);
    for (int client = 0; client < clients; client++) {
      Random random = new Random(client);
      all.register();
      threads.execute(
          () -> {
            while (time.nanoTime() - end < 0) {
              long asked = time.nanoTime();
              boolean done = ask(target, random, time);
              long now = time.nanoTime();
              synchronized (latencies) {
                if (!done) {
                  cancels[0]++;
                } else if (now - end < 0) {
                  latencies.add(Duration.ofNanos(now - asked));
                }
              }
            }
            all.arriveAndDeregister();
          });
    }
    all.arriveAndAwaitAdvance();
    threads.shutdown();
    return new Outcome(latencies.size(), cancels[0], duration, latencies);
  }

  /** One image, or none if it was given up. */
  private boolean ask(Target target, Random random, TimeSource time) {
    Asked asked = target.ask(row.apply(random));
    if (random.nextDouble() < cancelled) {
      Duration patience = Duration.ofMillis(random.nextInt(LONGEST_PATIENCE_MILLIS));
      time.after(patience, asked.withdraw());
    }
    return asked.done().handle((images, error) -> error == null).join();
  }
}
