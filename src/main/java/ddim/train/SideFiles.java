package ddim.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files that a run can do without, those to watch it by: where one cannot be written the
 * listener is told once, and the training goes on.
 */
final class SideFiles {
  private final TrainListener listener;
  private final Set<Path> told = new HashSet<>();

  SideFiles(TrainListener listener) {
    this.listener = listener;
  }

  /** What is done to a file. */
  @FunctionalInterface
  interface Writing {
    void run() throws IOException;
  }

  void write(Path file, Writing writing) {
    IOException problem = problem(file, writing);
    if (problem != null && told.add(file)) {
      listener.onWarning(problem.getMessage() + "; the training goes on and tries again");
    }
  }

  /** For the last time. */
  void finish(Path file, Writing writing) {
    IOException problem = problem(file, writing);
    if (problem != null) {
      listener.onWarning(problem.getMessage() + "; its last lines are lost");
    }
  }

  private static @Nullable IOException problem(Path file, Writing writing) {
    try {
      writing.run();
      return null;
    } catch (IOException e) {
      return Unwritable.of(file, e);
    } catch (UncheckedIOException e) {
      return Unwritable.of(file, new IOException(e.getMessage(), e));
    }
  }
}
