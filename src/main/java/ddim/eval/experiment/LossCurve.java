package ddim.eval.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The loss over the steps of a training run, from its {@code metrics.csv}. */
public final class LossCurve {
  /** Points of a curve: the loss of a single batch says little. */
  private static final int POINTS = 200;

  private LossCurve() {}

  /**
   * Draws the mean loss of stretches of the run, and over it the smoothed loss where the file has
   * one.
   *
   * @param metrics a CSV file with columns {@code step} and {@code loss}, and perhaps {@code
   *     smoothed_loss}
   * @param picture the PNG file
   * @throws IOException if the file is none such, or has no step
   */
  public static void draw(Path metrics, Path picture) throws IOException {
    List<String> lines = Files.readAllLines(metrics);
    List<String> names = lines.isEmpty() ? List.of() : List.of(lines.get(0).split(","));
    int step = names.indexOf("step");
    int loss = names.indexOf("loss");
    if (step < 0 || loss < 0 || lines.size() < 2) {
      throw new IOException(metrics + ": expected columns step and loss, and at least one step");
    }
    int smoothed = names.indexOf("smoothed_loss");
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    List<Double> smooth = new ArrayList<>();
    int stretch = Math.max(1, (lines.size() - 1) / POINTS);
    for (int from = 1; from + stretch <= lines.size(); from += stretch) {
      double sum = 0;
      for (int i = from; i < from + stretch; i++) {
        sum += number(metrics, lines.get(i), loss);
      }
      String last = lines.get(from + stretch - 1);
      x.add(number(metrics, last, step));
      y.add(sum / stretch);
      if (smoothed >= 0) {
        smooth.add(number(metrics, last, smoothed));
      }
    }
    Plot plot = new Plot("Training loss", "step", "loss").logarithmicY();
    plot.curve(stretch == 1 ? "of a step" : "mean of " + stretch + " steps", x, y);
    if (smoothed >= 0) {
      plot.curve("smoothed", x, smooth);
    }
    plot.write(picture);
  }

  private static double number(Path metrics, String line, int column) throws IOException {
    String[] cells = line.split(",");
    try {
      return Double.parseDouble(cells[column]);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new IOException(metrics + ": not a line of numbers: " + line, e);
    }
  }
}
