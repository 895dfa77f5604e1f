package ddim.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code metrics.csv} of a run: one line a step. */
final class Metrics {
  private static final String HEADER =
      "step,loss,smoothed_loss,gradient_norm,learning_rate,ema_decay,data_wait,images_per_second";

  private final AppendedFile lines;

  private Metrics(AppendedFile lines) {
    this.lines = lines;
  }

  /**
   * Opens the file for the steps after {@code step}; later lines of an interrupted run go.
   *
   * @throws IOException if it cannot be read or written; the message names it
   */
  static Metrics open(Path file, long step) throws IOException {
    try {
      begin(file, step);
      return new Metrics(new AppendedFile(file, Files.size(file)));
    } catch (IOException e) {
      throw Unwritable.of(file, e);
    }
  }

  private static void begin(Path file, long step) throws IOException {
    List<String> kept = new ArrayList<>(List.of(HEADER));
    if (step > 0 && Files.exists(file)) {
      Files.readAllLines(file).stream().filter(line -> isUntil(line, step)).forEach(kept::add);
    }
    Path folder = Files.createDirectories(file.toAbsolutePath().normalize().getParent());
    Path part = folder.resolve("." + file.getFileName() + ".part");
    try {
      Files.write(part, kept);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static boolean isUntil(String line, long step) {
    int comma = line.indexOf(',');
    return comma > 0
        && Character.isDigit(line.charAt(0))
        && Long.parseLong(line.substring(0, comma)) <= step;
  }

  void write(TrainProgress progress) throws IOException {
    String line =
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
            progress.imagesPerSecond());
    lines.append(line.getBytes(StandardCharsets.US_ASCII));
  }

  void flush() throws IOException {
    lines.flush();
  }
}
