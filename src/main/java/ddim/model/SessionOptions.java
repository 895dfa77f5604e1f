package ddim.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.RewriterConfig;

/**
 * What a TensorFlow session may use. The first session of a process decides for all of them what
 * GPUs there are, and how many threads an operation has unless the process was started with {@code
 * TF_OVERRIDE_GLOBAL_THREADPOOL=1}, as the launcher does.
 *
 * @param lanes how many graph calls share the rows of a batch, see {@link Lanes}; 0 for one a
 *     processor, or one on a GPU
 * @param intraOpThreads threads of one operation; 0 to choose by the model: an equal share of the
 *     processors for each lane if the network has less than 10 million weights, whose operations
 *     are too short to be shared, and else one a processor, which one image alone gains by
 * @param interOpThreads how many operations run at once; 0 for one a processor
 * @param gpuMemoryGrowth whether the memory of a GPU is taken as it is needed, not all at once
 * @param gpuMemoryFraction the most of a GPU's memory that is taken, above 0 to 1
 * @param visibleDevices the GPUs that are seen, by number; none named means all
 * @param bfloat16 whether convolutions and products are computed in bfloat16 on a CPU
 */
public record SessionOptions(
    int lanes,
    int intraOpThreads,
    int interOpThreads,
    boolean gpuMemoryGrowth,
    double gpuMemoryFraction,
    List<Integer> visibleDevices,
    Bfloat16 bfloat16) {

  /** When convolutions and products are computed in bfloat16 on a CPU. */
  public enum Bfloat16 {
    /** Where the processor has instructions for it. */
    AUTO,
    /** Always, if need be by slow means. */
    ON,
    /** Never: in float32. */
    OFF
  }

  /** Lanes by the model, all processors, all GPUs, their memory as needed, float32. */
  public static final SessionOptions DEFAULTS =
      new SessionOptions(0, 0, 0, true, 1, List.of(), Bfloat16.OFF);

  /**
   * @throws IllegalArgumentException if a value is out of range, naming it
   */
  public SessionOptions {
    visibleDevices = List.copyOf(visibleDevices);
    require(lanes >= 0, "lanes must be at least 0, is " + lanes);
    require(intraOpThreads >= 0, "intra_op_threads must be at least 0, is " + intraOpThreads);
    require(interOpThreads >= 0, "inter_op_threads must be at least 0, is " + interOpThreads);
    require(
        gpuMemoryFraction > 0 && gpuMemoryFraction <= 1,
        "gpu_memory_fraction must be above 0 and at most 1, is " + gpuMemoryFraction);
    require(
        visibleDevices.stream().allMatch(device -> device >= 0)
            && new HashSet<>(visibleDevices).size() == visibleDevices.size(),
        "visible_devices must be different numbers from 0, are " + visibleDevices);
  }

  /** A copy in another precision. */
  public SessionOptions with(Bfloat16 newBfloat16) {
    return new SessionOptions(
        lanes,
        intraOpThreads,
        interOpThreads,
        gpuMemoryGrowth,
        gpuMemoryFraction,
        visibleDevices,
        newBfloat16);
  }

  /** How many graph calls share a batch. */
  int calls() {
    if (lanes > 0) {
      return lanes;
    }
    return Device.hasGpu(this) ? 1 : Math.max(1, processors() / Math.max(1, intraOpThreads));
  }

  /** How many threads an operation of a model has; 0 for one a processor. */
  int threads(ModelSpec spec) {
    if (intraOpThreads > 0 || !Device.isSmall(spec.parameters())) {
      return intraOpThreads;
    }
    return Math.max(1, processors() / calls());
  }

  /**
   * These options as TensorFlow takes them.
   *
   * @param threads of one operation; 0 for one a processor
   */
  ConfigProto toProto(int threads) {
    String devices = visibleDevices.stream().map(String::valueOf).collect(Collectors.joining(","));
    RewriterConfig.Builder rewriter = RewriterConfig.newBuilder();
    if (bfloat16 == Bfloat16.ON || (bfloat16 == Bfloat16.AUTO && processorHasBfloat16())) {
      rewriter.setAutoMixedPrecisionOnednnBfloat16(RewriterConfig.Toggle.ON);
    }
    GPUOptions.Builder gpu =
        GPUOptions.newBuilder().setAllowGrowth(gpuMemoryGrowth).setVisibleDeviceList(devices);
    if (gpuMemoryFraction < 1) { // 1 would leave nothing to others, unset is TensorFlow's own most
      gpu.setPerProcessGpuMemoryFraction(gpuMemoryFraction);
    }
    return ConfigProto.newBuilder()
        .setAllowSoftPlacement(true)
        .setIntraOpParallelismThreads(threads)
        .setInterOpParallelismThreads(interOpThreads)
        .setGpuOptions(gpu)
        .setGraphOptions(GraphOptions.newBuilder().setRewriteOptions(rewriter))
        .build();
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** Whether Linux says so; nowhere else is it known. */
  private static boolean processorHasBfloat16() {
    try {
      String processors = Files.readString(Path.of("/proc/cpuinfo"));
      return processors.contains(" avx512_bf16") || processors.contains(" amx_bf16");
    } catch (IOException e) {
      return false;
    }
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
