package ddim.train;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.Server;
import org.tensorflow.Session;
import org.tensorflow.TargetSession;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.RewriterConfig;

/** A {@link TrainGraph} in a session of this process, or of a cluster whose chief it is. */
final class TrainSession implements AutoCloseable {
  private static final Pattern TASK =
      Pattern.compile("/job:" + Cluster.JOB + "/replica:0/task:(\\d+)");

  private final Graph tensors;
  private final TrainGraph graph;
  private final Session session;
  private final @Nullable Cluster cluster;
  private final List<Operation> farewells;
  private boolean lost;

  private TrainSession(
      Graph tensors,
      TrainGraph graph,
      Session session,
      @Nullable Cluster cluster,
      List<Operation> farewells) {
    this.tensors = tensors;
    this.graph = graph;
    this.session = session;
    this.cluster = cluster;
    this.farewells = farewells;
  }

  /**
   * @throws IllegalArgumentException if the batch cannot be shared among the devices
   */
  static TrainSession open(TrainConfig config, Devices devices) {
    Placement placement = devices.placement(config);
    Cluster cluster = devices.cluster().orElse(null);
    Graph tensors = new Graph();
    try {
      TrainGraph graph = new TrainGraph(tensors, config, placement);
      List<Operation> farewells = new ArrayList<>();
      if (cluster == null) {
        Session session = new Session(tensors, options(config, placement));
        return new TrainSession(tensors, graph, session, null, farewells);
      }
      for (int task = 1; task < cluster.worker().size(); task++) {
        farewells.add(Farewell.send(tensors, task));
      }
      new Server(cluster.server(0)).start(); // TensorFlow cannot stop it before the process ends
      Session session = TargetSession.open(tensors, cluster.target(0), options(config, placement));
      return new TrainSession(tensors, graph, session, cluster, farewells);
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private static ConfigProto options(TrainConfig config, Placement placement) {
    RewriterConfig.Builder rewriter = RewriterConfig.newBuilder();
    if (config.precision() == TrainConfig.Precision.BFLOAT16) {
      rewriter.setAutoMixedPrecisionOnednnBfloat16(RewriterConfig.Toggle.ON);
    }
    return ConfigProto.newBuilder()
        .setGraphOptions(GraphOptions.newBuilder().setRewriteOptions(rewriter))
        .setAllowSoftPlacement(true)
        .setIntraOpParallelismThreads(placement.threads())
        .build();
  }

  TrainGraph graph() {
    return graph;
  }

  Session session() {
    return session;
  }

  /** What a failed call means: the loss of a worker, or itself. */
  RuntimeException explain(TensorFlowException e) {
    if (cluster == null) {
      return e;
    }
    lost = true;
    Matcher task = TASK.matcher(String.valueOf(e.getMessage()));
    String who = "a worker";
    while (task.find()) {
      int number = Integer.parseInt(task.group(1));
      if (number > 0 && number < cluster.worker().size()) {
        who = cluster.name(number);
      }
    }
    return new WorkerLostException(who + " is lost: " + e.getMessage(), e);
  }

  /** Tells the workers that the training has ended. */
  void sayFarewell() {
    if (!farewells.isEmpty()) {
      Session.Runner runner = session.runner();
      farewells.forEach(runner::addTarget);
      runner.run().close();
    }
  }

  /** Closes all, except a session that has lost a worker: TensorFlow would wait for it forever. */
  @Override
  public void close() {
    if (!lost) {
      session.close();
      tensors.close();
    }
  }
}
