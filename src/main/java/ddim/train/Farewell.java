package ddim.train;

import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;

/**
 * How the chief tells a worker that the training has ended: a queue on the worker's device, from
 * which the worker takes.
 */
final class Farewell {
  private static final String QUEUE = "ddim_farewell";
  private static final DataType[] TYPE = {DataType.DT_BOOL};

  private Farewell() {}

  /** Tells a worker. */
  static Operation send(Graph graph, int task) {
    Ops tf = on(graph, task);
    Operand<TBool> word = tf.constant(true);
    return tf.scope()
        .opBuilder("QueueEnqueueV2", "send_farewell")
        .addInput(queue(tf))
        .addInputList(new Output<?>[] {word.asOutput()})
        .setAttr("Tcomponents", TYPE)
        .build();
  }

  /** Waits until the chief has spoken. */
  static Operation await(Graph graph, int task) {
    Ops tf = on(graph, task);
    return tf.scope()
        .opBuilder("QueueDequeueV2", "await_farewell")
        .addInput(queue(tf))
        .setAttr("component_types", TYPE)
        .build();
  }

  private static Ops on(Graph graph, int task) {
    return Ops.create(graph)
        .withDevice(DeviceSpec.newBuilder().job(Cluster.JOB).task(task).build());
  }

  private static Output<?> queue(Ops tf) {
    return tf.scope()
        .opBuilder("FIFOQueueV2", "farewell")
        .setAttr("component_types", TYPE)
        .setAttr("shared_name", QUEUE)
        .build()
        .output(0);
  }
}
