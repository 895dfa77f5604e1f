package ddim.train;

import java.util.Optional;

/**
 * What a training runs on.
 *
 * @param gpus of each process, every one with an equal part of each batch; 0 for one device, which
 *     TensorFlow chooses: a GPU where there is one, else the CPU
 * @param cluster the processes; empty for this one alone
 */
public record Devices(int gpus, Optional<Cluster> cluster) {
  /** One device of this process. */
  public static final Devices DEFAULT = new Devices(0, Optional.empty());

  /**
   * @throws IllegalArgumentException if {@code gpus} is below 0
   */
  public Devices {
    if (gpus < 0) {
      throw new IllegalArgumentException("gpus must be 0 or more, is " + gpus);
    }
  }

  Placement placement() {
    if (cluster.isPresent()) {
      return Placement.cluster(cluster.get().worker().size(), gpus);
    }
    return gpus == 0 ? Placement.here() : Placement.gpus(gpus);
  }
}
