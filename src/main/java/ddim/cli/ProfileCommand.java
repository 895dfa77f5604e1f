package ddim.cli;

import ddim.cli.images.LocalModel;
import ddim.cli.images.ModelFolder;
import ddim.model.GraphProfile;
import ddim.model.GraphProfiler;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim profile}. */
@Command(
    name = "profile",
    description = {
      "Says where the time of a model's call goes, operation by operation and node by node.",
      "Times are of the kernels, from TensorFlow's trace, means over the calls; kernels may run"
          + " side by side. Bytes are those of the outputs."
    })
final class ProfileCommand implements Callable<Integer> {
  private static final double MILLIS = 1e6;

  @Spec private CommandSpec spec;

  @Mixin private final LocalModel model = new LocalModel();

  @Option(
      names = "--signature",
      defaultValue = "predict_noise",
      paramLabel = "NAME",
      description = "What is called (default: ${DEFAULT-VALUE}, one network call).")
  private String signature;

  @Option(
      names = "--batch-size",
      defaultValue = "1",
      paramLabel = "N",
      description = "Images of a call (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--steps",
      defaultValue = "20",
      paramLabel = "S",
      description = "Steps of the signatures that make a trajectory (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--calls",
      defaultValue = "5",
      paramLabel = "N",
      description = "How many calls are measured (default: ${DEFAULT-VALUE}).")
  private int calls;

  @Option(
      names = "--top",
      defaultValue = "20",
      paramLabel = "N",
      description = "How many nodes are shown (default: ${DEFAULT-VALUE}).")
  private int top;

  @Override
  public Integer call() throws IOException {
    ModelFolder folder = model.find();
    GraphProfile profile;
    try {
      profile = GraphProfiler.profile(folder.path(), signature, batchSize, steps, calls);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s version %d, %s, batch size %d: %.3f ms a call, %.3f ms with the trace,%n"
            + "of which %.3f ms in %d nodes%n%n",
        model.name(),
        folder.version(),
        signature,
        batchSize,
        profile.wall().toNanos() / MILLIS,
        profile.tracedWall().toNanos() / MILLIS,
        profile.kernelTime().toNanos() / MILLIS,
        profile.nodes().size());
    print(out, profile.operations(), profile.kernelTime(), false);
    out.println();
    List<GraphProfile.Entry> nodes = profile.nodes();
    print(
        out,
        nodes.subList(0, Math.max(0, Math.min(top, nodes.size()))),
        profile.kernelTime(),
        true);
    return 0;
  }

  private static void print(
      PrintWriter out, List<GraphProfile.Entry> entries, Duration total, boolean nodes) {
    out.printf("%7s %7s %10s %14s  %-7s %s%n", "share", "count", "ms", "bytes", "device", "");
    for (GraphProfile.Entry entry : entries) {
      out.printf(
          "%6.1f%% %7d %10.3f %,14d  %-7s %s%n",
          100.0 * entry.time().toNanos() / Math.max(1, total.toNanos()),
          entry.count(),
          entry.time().toNanos() / MILLIS,
          entry.bytes(),
          entry.device(),
          nodes ? entry.operation() + " " + entry.name() : entry.operation());
    }
  }
}
