package ddim.cli.images;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which model of a folder a command works on, in its own process. */
public final class LocalModel {
  @Option(
      names = "--models",
      required = true,
      paramLabel = "DIR",
      description = "The model repository, DIR/NAME/VERSION/.")
  private Path models;

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

  /** What it is called. */
  public String name() {
    return model;
  }

  /**
   * Where it is.
   *
   * @throws IOException if there is no such model or version; the message names the folder
   */
  public ModelFolder find() throws IOException {
    return ModelFolder.find(
        models, model, version == null ? OptionalLong.empty() : OptionalLong.of(version));
  }
}
