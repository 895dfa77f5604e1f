package ddim.cli.operations;

import ddim.cli.images.ModelConnection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say which model is asked. */
final class ModelOptions {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "NAME",
      description = "The name of the model.")
  private String model;

  @Option(
      names = "--version",
      paramLabel = "N",
      description = "The version of the model (default: the newest).")
  private @Nullable Long version;

  @Mixin private final ConnectionFlags connection = new ConnectionFlags();

  private static final class Source {
    @Option(
        names = "--target",
        required = true,
        paramLabel = "HOST:PORT",
        description = "The server to ask; several with commas between, or dns:///NAME:PORT.")
    private @Nullable String target;

    @Option(
        names = "--models",
        required = true,
        paramLabel = "DIR",
        description = "The model repository to load from.")
    private @Nullable Path models;
  }

  /**
   * Connects with the server, or starts one for the folder.
   *
   * @throws IOException if there is no such folder or model
   */
  ModelConnection connect() throws IOException {
    OptionalLong wanted = version == null ? OptionalLong.empty() : OptionalLong.of(version);
    if (source.target != null) {
      return ModelConnection.to(connection.options(source.target), model, wanted);
    }
    Path models = Objects.requireNonNull(source.models, "picocli wants one of the two");
    return ModelConnection.of(models, model, wanted, spec.commandLine().getErr());
  }
}
