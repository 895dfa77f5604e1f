package ddim.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;

/**
 * Where the parts of a training step run.
 *
 * @param state holds the variables and does all that is not a tower's
 * @param towers each works on an equal part of every batch
 * @param threads of one operation; 0 for one a processor
 */
record Placement(DeviceSpec state, List<DeviceSpec> towers, int threads) {
  private static final DeviceSpec HERE = DeviceSpec.newBuilder().build();

  /**
   * This process; TensorFlow chooses the device.
   *
   * @param towers side by side on it, each with its share of the processors; at least 1
   */
  static Placement here(int towers) {
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / towers);
    return new Placement(HERE, Collections.nCopies(towers, HERE), threads);
  }

  /**
   * The GPUs of this process, one tower each; TensorFlow takes CPUs where it finds no such GPU.
   *
   * @param gpus at least 1
   */
  static Placement gpus(int gpus) {
    List<DeviceSpec> towers = new ArrayList<>();
    for (int gpu = 0; gpu < gpus; gpu++) {
      towers.add(DeviceSpec.newBuilder().deviceType(DeviceType.GPU).deviceIndex(gpu).build());
    }
    return new Placement(HERE, towers, 0);
  }

  /**
   * The processes of a cluster, worker 0 with the variables.
   *
   * @param workers at least 1
   * @param gpus of each process, a tower each; 0 for one tower where TensorFlow chooses
   */
  static Placement cluster(int workers, int gpus) {
    List<DeviceSpec> towers = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      if (gpus == 0) {
        towers.add(worker(worker).build());
      }
      for (int gpu = 0; gpu < gpus; gpu++) {
        towers.add(worker(worker).deviceType(DeviceType.GPU).deviceIndex(gpu).build());
      }
    }
    return new Placement(worker(0).build(), towers, 0);
  }

  /** How many devices have towers; those of one device are its lanes. */
  int devices() {
    return (int) towers.stream().distinct().count();
  }

  private static DeviceSpec.Builder worker(int task) {
    return DeviceSpec.newBuilder().job(Cluster.JOB).task(task);
  }

  /**
   * The rows of a batch that a device works on at once.
   *
   * @throws IllegalArgumentException if the batch cannot be shared equally
   */
  int rowsPerTower(TrainConfig config) {
    int parts = towers.size() * config.accumulate();
    if (config.batchSize() % parts != 0) {
      throw new IllegalArgumentException(
          "batch_size must be a multiple of devices times accumulate, "
              + towers.size()
              + " x "
              + config.accumulate()
              + ", is "
              + config.batchSize());
    }
    return config.batchSize() / parts;
  }
}
