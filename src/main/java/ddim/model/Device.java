package ddim.model;

import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;

/** What TensorFlow computes on in this process. */
public final class Device {
  private Device() {}

  /** One line for people: a GPU, or the CPU and that no GPU was found. */
  public static String describe() {
    return hasGpu() ? "running on the GPU" : "no GPU found: running on the CPU";
  }

  /**
   * Whether a GPU can be computed on, tried by computing on it. Memory of GPUs is taken as it is
   * needed: the first session of a process decides that for all.
   */
  private static boolean hasGpu() {
    ConfigProto strict =
        ConfigProto.newBuilder()
            .setAllowSoftPlacement(false)
            .setGpuOptions(GPUOptions.newBuilder().setAllowGrowth(true))
            .build();
    DeviceSpec first = DeviceSpec.newBuilder().deviceType(DeviceType.GPU).deviceIndex(0).build();
    try (Graph graph = new Graph();
        Session session = new Session(graph, strict)) {
      Ops tf = Ops.create(graph).withDevice(first);
      try (Result result =
          session.runner().fetch(tf.math.add(tf.constant(1f), tf.constant(1f))).run()) {
        return result.size() == 1;
      }
    } catch (TensorFlowException | IllegalArgumentException e) {
      return false;
    }
  }
}
