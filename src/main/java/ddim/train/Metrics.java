package ddim.train;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code metrics.csv} of a run: one line a step. */
final class Metrics implements AutoCloseable {
  private static final String HEADER =
      "step,loss,smoothed_loss,gradient_norm,learning_rate,ema_decay,data_wait,images_per_second";

  private final BufferedWriter writer;

  private Metrics(BufferedWriter writer) {
    this.writer = writer;
  }

  /** Opens the file for the steps after {@code step}; later lines of an interrupted run go. */
  static Metrics open(Path file, long step) throws IOException {
    List<String> kept = new ArrayList<>(List.of(HEADER));
    if (step > 0 && Files.exists(file)) {
      Files.readAllLines(file).stream().filter(line -> isUntil(line, step)).forEach(kept::add);
    }
    Path folder = Files.createDirectories(file.toAbsolutePath().normalize().getParent());
    Path part = folder.resolve("." + file.getFileName() + ".part");
    Files.write(part, kept);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return new Metrics(Files.newBufferedWriter(file, StandardOpenOption.APPEND));
  }

  private static boolean isUntil(String line, long step) {
    int comma = line.indexOf(',');
    return comma > 0
        && Character.isDigit(line.charAt(0))
        && Long.parseLong(line.substring(0, comma)) <= step;
  }

  void write(TrainProgress progress) throws IOException {
    writer.write(
        String.format(
            Locale.ROOT,
            "%d,%.6f,%.6f,%.6f,%.6g,%.6f,%.4f,%.2f%n",
            progress.step(),
            progress.loss(),
            progress.smoothedLoss(),
            progress.gradientNorm(),
            progress.learningRate(),
            progress.emaDecay(),
            progress.dataWait(),
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
