package ddim.train;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.Server;
import org.tensorflow.Session;
import org.tensorflow.TargetSession;
import org.tensorflow.proto.ConfigProto;

/** A process that lends its devices to the chief of a cluster until the training ends. */
public final class ClusterWorker {
  private static final Duration POLL = Duration.ofSeconds(1);

  /** How often in a row the chief may not answer before it counts as gone. */
  private static final int PATIENCE = 5;

  private ClusterWorker() {}

  /**
   * Serves until the chief says that the training has ended.
   *
   * @param task which worker this is, from 1
   * @param says hears what happens, in words
   * @throws IllegalArgumentException if the cluster has no such worker
   * @throws WorkerLostException if the chief is gone
   * @throws InterruptedException if interrupted
   */
  public static void serve(Cluster cluster, int task, Consumer<String> says)
      throws InterruptedException {
    if (task < 1 || task >= cluster.worker().size()) {
      throw new IllegalArgumentException(
          "task must be worker:1 to worker:"
              + (cluster.worker().size() - 1)
              + ", is worker:"
              + task);
    }
    new Server(cluster.server(task)).start(); // TensorFlow cannot stop it before the process ends
    says.accept("worker:" + task + " waits for the chief, " + cluster.name(0));
    CompletableFuture<Void> farewell = farewell(cluster, task);
    boolean seen = false;
    int silent = 0;
    while (!isDone(farewell)) {
      if (answers(cluster.worker().get(0))) {
        if (!seen) {
          says.accept("the chief is there");
        }
        seen = true;
        silent = 0;
      } else if (seen && ++silent == PATIENCE) {
        throw new WorkerLostException("the chief, " + cluster.name(0) + ", is gone");
      }
    }
    says.accept("the training has ended");
  }

  /** Waits on a thread of its own, because a call that waits cannot be cancelled. */
  private static CompletableFuture<Void> farewell(Cluster cluster, int task) {
    CompletableFuture<Void> heard = new CompletableFuture<>();
    Thread listener =
        new Thread(
            () -> {
              try {
                listen(cluster, task);
                heard.complete(null);
              } catch (RuntimeException e) {
                heard.completeExceptionally(e);
              }
            },
            "farewell");
    listener.setDaemon(true);
    listener.start();
    return heard;
  }

  private static void listen(Cluster cluster, int task) {
    ConfigProto alone =
        ConfigProto.newBuilder().addDeviceFilters("/job:" + Cluster.JOB + "/task:" + task).build();
    try (Graph graph = new Graph()) {
      Operation heard = Farewell.await(graph, task);
      try (Session session = TargetSession.open(graph, cluster.target(task), alone)) {
        session.runner().addTarget(heard).run().close();
      }
    }
  }

  private static boolean isDone(CompletableFuture<Void> heard) throws InterruptedException {
    try {
      heard.get(POLL.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("cannot hear the chief", e);
    }
  }

  private static boolean answers(String address) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(Cluster.host(address), Cluster.port(address)),
          (int) POLL.toMillis());
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
