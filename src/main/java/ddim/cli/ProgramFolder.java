package ddim.cli;

import java.nio.file.Path;
import java.util.Optional;

/** The folder that {@code scripts/ddim} is in, with {@code scripts} and {@code savedmodel}. */
final class ProgramFolder {
  /** Set by {@code scripts/ddim}. */
  private static final String PROPERTY = "ddim.home";

  private ProgramFolder() {}

  /** Where it is; empty if the program was not started by {@code scripts/ddim}. */
  static Optional<Path> find() {
    return Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of);
  }
}
