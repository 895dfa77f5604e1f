package ddim.cli;

import ddim.train.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The recipes that {@code --config} names. */
final class Recipes {
  private Recipes() {}

  /**
   * @param config a name or a JSON file
   * @throws ParameterException if it is neither
   * @throws IOException if the file cannot be read
   */
  static TrainConfig find(String config, CommandSpec spec) throws IOException {
    if (TrainConfig.names().contains(config)) {
      return TrainConfig.named(config);
    }
    if (Files.isRegularFile(Path.of(config))) {
      return TrainConfig.read(Path.of(config));
    }
    throw new ParameterException(
        spec.commandLine(),
        "Invalid value for option '--config': '%s' is neither a file nor one of %s"
            .formatted(config, String.join(", ", TrainConfig.names())));
  }
}
