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
 * @param lanes how many graph calls share the rows of a batch, see {@link Lanes}; 0 for {@link
 *     Device#parts}
 * @param intraOpThreads threads of one operation; 0 for an equal share of the processors for each
 *     lane
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

  /** How many lanes a model has. */
  int lanes(ModelSpec spec) {
    return lanes > 0 ? lanes : Device.parts(spec.parameters(), this);
  }

  /**
   * These options as TensorFlow takes them.
   *
   * @param calls how many graph calls run at once
   */
  ConfigProto toProto(int calls) {
    int threads = intraOpThreads;
    if (threads == 0 && calls > 1) {
      threads = Math.max(1, Runtime.getRuntime().availableProcessors() / calls);
    }
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
