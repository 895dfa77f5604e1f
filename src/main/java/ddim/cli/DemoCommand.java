package ddim.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddim demo}. */
@Command(
    name = "demo",
    description = {
      "Trains on the images that ship with this program, exports, serves and samples.",
      "Leaves samples.png, real.png, the run and the model repository in a folder, and in",
      "compare.png images of this short training beside those of the model that ships."
    })
final class DemoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "A new folder (default: demo, demo-2 and so on).")
  private @Nullable Path out;

  @Option(
      names = "--steps",
      defaultValue = "600",
      paramLabel = "N",
      description = "Training steps (default: ${DEFAULT-VALUE}).")
  private long steps;

  @Override
  public Integer call() throws IOException {
    if (steps < 1) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '--steps': must be 1 or more, is " + steps);
    }
    new Demo(folder(), steps, spec).run();
    return 0;
  }

  private Path folder() {
    if (out != null) {
      if (Files.exists(out.resolve(Demo.RUN)) || Files.exists(out.resolve(Demo.MODELS))) {
        throw new ParameterException(
            spec.commandLine(),
            "Invalid value for option '--out': " + out + " holds a demo already");
      }
      return out;
    }
    Path folder = Path.of("demo");
    for (int i = 2; Files.exists(folder); i++) {
      folder = Path.of("demo-" + i);
    }
    return folder;
  }
}
