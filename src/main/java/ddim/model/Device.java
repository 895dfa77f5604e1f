package ddim.model;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;

/** What TensorFlow computes on in this process. */
public final class Device {
  private static final long SMALL_NETWORK = 10_000_000;
  private static final Map<List<Integer>, Boolean> GPU_SEEN = new ConcurrentHashMap<>();

  private Device() {}

  /** One line for people: a GPU, or the CPU and that no GPU was found. */
  public static String describe() {
    return describe(SessionOptions.DEFAULTS);
  }

  /** As the other, with the options of the sessions that follow. */
  public static String describe(SessionOptions options) {
    return hasGpu(options) ? "running on the GPU" : "no GPU found: running on the CPU";
  }

  /**
   * How many parts of a batch a training best works on side by side, each with its share of the
   * processors: on a CPU one a processor for small networks, else one.
   *
   * @param weights of the network
   */
  public static int trainingLanes(long weights) {
    return isSmall(weights) && !hasGpu(SessionOptions.DEFAULTS)
        ? Runtime.getRuntime().availableProcessors()
        : 1;
  }

  /** Whether the operations of a network are too short to be shared among threads. */
  static boolean isSmall(long weights) {
    return weights < SMALL_NETWORK;
  }

  /**
   * Whether a GPU can be computed on, tried once by computing on it; that session, as the first of
   * the process, decides how all of them use GPUs.
   */
  static boolean hasGpu(SessionOptions options) {
    return GPU_SEEN.computeIfAbsent(options.visibleDevices(), devices -> tryGpu(options));
  }

  private static boolean tryGpu(SessionOptions options) {
    ConfigProto strict = options.toProto(0).toBuilder().setAllowSoftPlacement(false).build();
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
