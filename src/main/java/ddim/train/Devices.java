package ddim.train;

import ddim.model.Device;
import ddim.nn.ParamSpec;
import java.util.Optional;

/**
 * What a training runs on.
 *
 * @param gpus of each process, every one with an equal part of each batch; 0 for one device, which
 *     TensorFlow chooses: a GPU where there is one, else the CPU
 * @param lanes how many parts of a batch one device of this process works on side by side; 0 for
 *     {@link Device#trainingLanes}, or fewer if their parts are not equal or have less than 16
 *     images. It changes losses to rounding, so a run has the same bits on a machine with as many
 *     processors, or with as many lanes
 * @param cluster the processes; empty for this one alone
 */
public record Devices(int gpus, int lanes, Optional<Cluster> cluster) {
  private static final int FEWEST_IMAGES = 16;

  /** One device of this process. */
  public static final Devices DEFAULT = new Devices(0, 0, Optional.empty());

  /**
   * @throws IllegalArgumentException if a number is below 0, or lanes are asked of several devices
   */
  public Devices {
    if (gpus < 0) {
      throw new IllegalArgumentException("gpus must be 0 or more, is " + gpus);
    }
    if (lanes < 0) {
      throw new IllegalArgumentException("lanes must be 0 or more, is " + lanes);
    }
    if (lanes > 0 && (gpus > 0 || cluster.isPresent())) {
      throw new IllegalArgumentException(
          "lanes are for one device of one process, not for gpus or a cluster");
    }
  }

  /** Where the parts of a recipe's step run. */
  Placement placement(TrainConfig config) {
    if (cluster.isPresent()) {
      return Placement.cluster(cluster.get().worker().size(), gpus);
    }
    if (gpus > 0) {
      return Placement.gpus(gpus);
    }
    return Placement.here(lanes > 0 ? lanes : equalLanes(config));
  }

  private static int equalLanes(TrainConfig config) {
    long weights = ParamSpec.of(config.unet()).stream().mapToLong(ParamSpec::size).sum();
    int lanes = Device.trainingLanes(weights);
    while (lanes > 1 && !pays(config, lanes * config.accumulate())) {
      lanes--;
    }
    return lanes;
  }

  /** Each lane has a graph of its own to be made ready, which few images do not make up for. */
  private static boolean pays(TrainConfig config, int parts) {
    return config.batchSize() % parts == 0 && config.batchSize() / parts >= FEWEST_IMAGES;
  }
}
