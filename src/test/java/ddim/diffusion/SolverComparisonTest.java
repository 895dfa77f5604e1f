package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * How far each solver ends from the exact flow on closed-form mixtures: the measurement behind the
 * default orders and spacings of {@link Solver}, whose Javadoc quotes the numbers printed here.
 */
class SolverComparisonTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final int ROWS = 20;
  private static final List<Task> TASKS = tasks();

  /** Starting noise of a mixture, and where the exact flow takes it. */
  private record Task(Mixture mixture, double[][] noise, double[][] images) {}

  private static List<Task> tasks() {
    List<Task> tasks = new ArrayList<>();
    Random random = new Random(1);
    for (int pixels : new int[] {1, 2, 8, 64}) {
      for (double deviation : new double[] {0.02, 0.1, 0.3}) {
        for (int components : new int[] {3, 12}) {
          double[][] means = new double[components][pixels];
          Arrays.stream(means)
              .forEach(mean -> Arrays.setAll(mean, i -> 1.8 * random.nextDouble() - 0.9));
          double[][] noise = new double[ROWS][pixels];
          Arrays.stream(noise).forEach(row -> Arrays.setAll(row, i -> random.nextGaussian()));
          Mixture mixture = new Mixture(deviation, means);
          double[][] images =
              Arrays.stream(noise)
                  .map(row -> mixture.flow(row, LINEAR.alphaBar(999), 1))
                  .toArray(double[][]::new);
          tasks.add(new Task(mixture, noise, images));
        }
      }
    }
    return tasks;
  }

  /** The mean over rows of the root mean square distance per pixel. */
  private static double distance(Solver solver, int order, Spacing spacing, int steps) {
    StepTable table =
        Preset.PAPER
            .builder(steps)
            .solver(solver)
            .order(order)
            .spacing(spacing)
            .build()
            .table(LINEAR);
    double sum = 0;
    for (Task task : TASKS) {
      ReferenceLoop loop = new ReferenceLoop(task.mixture(), Prediction.EPS);
      for (int row = 0; row < ROWS; row++) {
        double[] end = loop.run(table, task.noise()[row]);
        double squares = 0;
        for (int i = 0; i < end.length; i++) {
          squares += Math.pow(end[i] - task.images()[row][i], 2);
        }
        sum += Math.sqrt(squares / end.length);
      }
    }
    return sum / (ROWS * TASKS.size());
  }

  private static double distance(Solver solver, int steps) {
    return distance(solver, solver.defaultOrder(), solver.defaultSpacing(), steps);
  }

  @Test
  void theDefaultSpacingIsTheClosestInTenSteps() {
    System.out.println("distance to the exact flow      10 steps 20 steps 50 steps");
    for (Solver solver : Solver.values()) {
      double chosen = distance(solver, 10);
      for (Spacing spacing :
          List.of(Spacing.QUADRATIC, Spacing.LOG_SNR, Spacing.LINSPACE, Spacing.TRAILING)) {
        double[] distances =
            Arrays.stream(new int[] {10, 20, 50})
                .mapToDouble(steps -> distance(solver, solver.defaultOrder(), spacing, steps))
                .toArray();
        System.out.printf(
            "%-17s %-13s %7.4f  %7.4f  %7.4f%n",
            solver.wireName(), spacing.wireName(), distances[0], distances[1], distances[2]);
        assertThat(chosen).isLessThanOrEqualTo(distances[0]);
      }
    }
  }

  @Test
  void theDefaultOrderIsTheClosestInTenSteps() {
    for (Solver solver : Solver.values()) {
      double chosen = distance(solver, 10);
      for (int order = 1; order <= solver.maxOrder(); order++) {
        double distance = distance(solver, order, solver.defaultSpacing(), 10);
        System.out.printf("%-17s order %d %14.4f%n", solver.wireName(), order, distance);
        assertThat(chosen).isLessThanOrEqualTo(distance);
      }
    }
  }

  @Test
  void tenStepsOfTheBestSolverAreCloserThanFiftyOfDdim() {
    assertThat(distance(Solver.IPNDM, 10)).isLessThan(distance(Solver.DDIM, 50));
  }
}
