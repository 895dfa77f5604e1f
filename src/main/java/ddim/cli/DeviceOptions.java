package ddim.cli;

import ddim.train.Cluster;
import ddim.train.ClusterWorker;
import ddim.train.Devices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that say what a training runs on. */
final class DeviceOptions {
  private static final Pattern TASK = Pattern.compile("worker:(\\d{1,6})");

  @Option(
      names = "--gpus",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "How many GPUs of each process share every batch; 0 for one device, a GPU if there is"
              + " one (default: ${DEFAULT-VALUE}).")
  private int gpus;

  @Option(
      names = "--lanes",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "How many parts of a batch one device works on side by side; 0 chooses: on a CPU one a"
              + " processor for networks of less than 10 million weights, else one. It changes"
              + " losses to rounding (default: ${DEFAULT-VALUE}).")
  private int lanes;

  @Option(
      names = "--cluster",
      paramLabel = "FILE",
      description =
          "Train with several processes: a JSON file {\"worker\": [\"host:port\", …]}, the same for"
              + " all. The ports take orders from whoever reaches them: for networks of your own.")
  private @Nullable Path cluster;

  @Option(
      names = "--task",
      paramLabel = "worker:N",
      description =
          "Which process of the cluster this is: worker:0 leads and writes the run, the others lend"
              + " it their devices until it ends.")
  private @Nullable String task;

  /** Whether this process lends its devices to another. */
  boolean isWorker(CommandSpec spec) {
    if ((cluster == null) != (task == null)) {
      throw new ParameterException(
          spec.commandLine(), "Options '--cluster' and '--task' belong together");
    }
    return task != null && number(spec, task) > 0;
  }

  /** Lends the devices of this process until the training ends. */
  void serve(CommandSpec spec) throws IOException, InterruptedException {
    if (cluster == null || task == null) {
      throw new IllegalStateException("no worker");
    }
    ClusterWorker.serve(
        Cluster.read(cluster), number(spec, task), spec.commandLine().getErr()::println);
  }

  Devices devices(CommandSpec spec) throws IOException {
    Optional<Cluster> processes =
        cluster == null ? Optional.empty() : Optional.of(Cluster.read(cluster));
    try {
      return new Devices(gpus, lanes, processes);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private static int number(CommandSpec spec, String task) {
    Matcher matcher = TASK.matcher(task);
    if (!matcher.matches()) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '--task': '" + task + "' is not worker:N");
    }
    return Integer.parseInt(matcher.group(1));
  }
}
