package ddim.train;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The {@code metrics.csv} of a run: one line a step. */
final class Metrics implements AutoCloseable {
  private static final String HEADER = "step,loss,gradient_norm,learning_rate,images_per_second";

  private final BufferedWriter writer;

  private Metrics(BufferedWriter writer) {
    this.writer = writer;
  }

  /** Opens the file for the steps after {@code step}; later lines of an interrupted run go. */
  static Metrics open(Path file, long step) throws IOException {
    List<String> lines = step > 0 && Files.exists(file) ? Files.readAllLines(file) : List.of();
    BufferedWriter writer = Files.newBufferedWriter(file);
    writer.write(HEADER + "\n");
    for (String line : lines) {
      int comma = line.indexOf(',');
      if (comma > 0 && Character.isDigit(line.charAt(0))) {
        if (Long.parseLong(line.substring(0, comma)) <= step) {
          writer.write(line + "\n");
        }
      }
    }
    return new Metrics(writer);
  }

  void write(TrainProgress progress) throws IOException {
    writer.write(
        String.format(
            Locale.ROOT,
            "%d,%.6f,%.6f,%.6g,%.2f%n",
            progress.step(),
            progress.loss(),
            progress.gradientNorm(),
            progress.learningRate(),
            progress.imagesPerSecond()));
  }

  void flush() throws IOException {
    writer.flush();
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
