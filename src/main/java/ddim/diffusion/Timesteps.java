package ddim.diffusion;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The sub-sequences tau of 0..T-1 that trajectories visit, ascending. */
public final class Timesteps {
  /** A list that covers a smaller share of the levels than this does not start at noise. */
  private static final double LEAST_COVERAGE = 0.8;

  private Timesteps() {}

  /**
   * The levels of a spacing.
   *
   * @param steps S, from 1 to T
   * @param offset what is added to every entry of {@link Spacing#LEADING}; 0 for the others
   * @return strictly rising, within 0..T-1, S entries (fewer for {@link Spacing#PAPER_QUAD} alone)
   * @throws IllegalArgumentException if the spacing cannot have that, with the reason
   */
  public static int[] of(Spacing spacing, NoiseSchedule schedule, int steps, int offset) {
    Violation problem = problem(spacing, schedule, steps, offset);
    if (problem != null) {
      throw new IllegalArgumentException(problem.message());
    }
    return unchecked(spacing, schedule, steps, offset);
  }

  /** What keeps a spacing from having S different entries that start close to noise. */
  static @Nullable Violation problem(
      Spacing spacing, NoiseSchedule schedule, int steps, int offset) {
    int trainSteps = schedule.trainSteps();
    if (steps < 1 || steps > trainSteps) {
      return new Violation(
          "steps",
          "steps must be from 1 to %d (the model's number of noise levels), is %d"
              .formatted(trainSteps, steps));
    }
    if (spacing != Spacing.LEADING) {
      if (offset != 0) {
        return new Violation(
            "offset",
            "offset must be 0 with spacing %s, is %d".formatted(spacing.wireName(), offset));
      }
    } else if (steps > 1) {
      return leadingProblem(trainSteps, steps, offset);
    }
    int count = unchecked(spacing, schedule, steps, offset).length;
    if (spacing == Spacing.PAPER_UNIFORM && count != steps) {
      return new Violation(
          "steps",
          "steps must be a number that spacing paper_uniform can have: it makes %d steps of %d"
              .formatted(count, steps));
    }
    return null;
  }

  private static @Nullable Violation leadingProblem(int trainSteps, int steps, int offset) {
    int stride = trainSteps / steps;
    int largest = trainSteps - 1 - (steps - 1) * stride;
    if (offset < 0 || offset > largest) {
      return new Violation(
          "offset",
          "offset must be from 0 to %d with %d steps of spacing leading, is %d"
              .formatted(largest, steps, offset));
    }
    if (steps * stride + offset < LEAST_COVERAGE * trainSteps) {
      return new Violation(
          "steps",
          "steps must let spacing leading start close to noise: %d steps start at t = %d of %d"
              .formatted(steps, (steps - 1) * stride + offset, trainSteps));
    }
    return null;
  }

  private static int[] unchecked(Spacing spacing, NoiseSchedule schedule, int steps, int offset) {
    int trainSteps = schedule.trainSteps();
    if (steps == 1) {
      return new int[] {trainSteps - 1};
    }
    double last = trainSteps - 1;
    return switch (spacing) {
      case QUADRATIC -> quadratic(trainSteps, steps);
      case LINSPACE -> rounded(steps, i -> i == steps - 1 ? last : i * (last / (steps - 1)));
      case LEADING ->
          IntStream.range(0, steps).map(i -> i * (trainSteps / steps) + offset).toArray();
      case TRAILING ->
          Arrays.stream(
                  rounded(steps, i -> trainSteps - (steps - 1 - i) * ((double) trainSteps / steps)))
              .map(t -> t - 1)
              .toArray();
      case LOG_SNR -> logSnr(schedule, steps);
      case PAPER_UNIFORM -> paperUniform(trainSteps, steps);
      case PAPER_QUAD -> paperQuad(trainSteps, steps);
    };
  }

  /** Rounds half to even, as numpy does. */
  private static int[] rounded(int steps, IntToDoubleFunction exact) {
    return IntStream.range(0, steps).map(i -> (int) Math.rint(exact.applyAsDouble(i))).toArray();
  }

  /** In integers, so that the graph, which computes the same, cannot round otherwise. */
  private static int[] quadratic(int trainSteps, int steps) {
    long last = trainSteps - 1L;
    long square = (steps - 1L) * (steps - 1L);
    return IntStream.range(0, steps)
        .map(i -> (int) Math.max(i, (2L * i * i * last + square) / (2 * square)))
        .toArray();
  }

  /** Where the last level has no signal, its log-SNR is no number: it is visited besides. */
  private static int[] logSnr(NoiseSchedule schedule, int steps) {
    int last = schedule.trainSteps() - 1;
    if (schedule.alphaBar(last) > 0) {
      return logSnr(schedule, steps, last);
    }
    int[] tau = Arrays.copyOf(logSnr(schedule, steps - 1, last - 1), steps);
    tau[steps - 1] = last;
    return tau;
  }

  private static int[] logSnr(NoiseSchedule schedule, int steps, int last) {
    double start = schedule.logSnr(0);
    double distance = schedule.logSnr(last) - start;
    int[] tau = new int[steps];
    int t = 0;
    for (int i = 0; i < steps; i++) {
      double wanted = start + (i == 0 ? 0 : distance * i / (steps - 1));
      int highest = last + 1 - steps + i;
      while (t < highest && nearer(wanted, schedule.logSnr(t + 1), schedule.logSnr(t))) {
        t++;
      }
      tau[i] = t;
      t++;
    }
    return tau;
  }

  private static boolean nearer(double wanted, double candidate, double present) {
    return Math.abs(wanted - candidate) <= Math.abs(wanted - present);
  }

  private static int[] paperUniform(int trainSteps, int steps) {
    return IntStream.iterate(0, t -> t < trainSteps, t -> t + trainSteps / steps).toArray();
  }

  private static int[] paperQuad(int trainSteps, int steps) {
    double last = Math.sqrt(0.8 * trainSteps);
    return IntStream.range(0, steps)
        .mapToDouble(i -> i == steps - 1 ? last : i * (last / (steps - 1)))
        .map(root -> root * root)
        .mapToInt(square -> (int) square)
        .distinct()
        .toArray();
  }
}
