package ddim.cli;

import ddim.train.RunExporter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddim export}. */
@Command(
    name = "export",
    description = {
      "Writes the newest checkpoint of a run as a SavedModel, DIR/NAME/N/.",
      "The weights are the moving average. The folder is written complete or not at all."
    })
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--run", required = true, paramLabel = "RUN", description = "The run folder.")
  private Path run;

  @Option(
      names = "--models",
      required = true,
      paramLabel = "DIR",
      description = "The model repository.")
  private Path models;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "The name of the model: letters, digits, dots, dashes and underscores.")
  private String name;

  @Option(
      names = "--version",
      paramLabel = "N",
      description = "The version, above 0 (default: the one after the highest that is there).")
  private @Nullable Long version;

  @Override
  public Integer call() throws IOException {
    OptionalLong number = version == null ? OptionalLong.empty() : OptionalLong.of(version);
    Path written = RunExporter.export(run, models, name, number);
    spec.commandLine().getOut().println(written);
    return 0;
  }
}
