package ddim.eval.experiment;

import ddim.diffusion.Preset;
import ddim.model.Condition;
import java.util.List;
import java.util.OptionalDouble;

/**
 * How large the experiments are.
 *
 * @param count images a cell of table 1
 * @param real how many real images they are compared with, the first ones
 * @param reconstructed test images a cell of table 2
 * @param steps S of table 1 over eta, of table 2 and of the consistency pictures, rising
 * @param solverSteps S of table 1 over solvers, rising
 * @param preset the options of the samplers that are not varied
 * @param batchSize rows of a graph call
 * @param seed of the first image
 * @param guidance how strongly images follow the model's classes, which they take in turn; empty
 *     for images without labels
 */
public record EvaluationOptions(
    int count,
    int real,
    int reconstructed,
    List<Integer> steps,
    List<Integer> solverSteps,
    Preset preset,
    int batchSize,
    long seed,
    OptionalDouble guidance) {
  /** What precision and recall need. */
  private static final int FEWEST = 4;

  /**
   * @throws IllegalArgumentException if a number is too small
   */
  public EvaluationOptions {
    steps = List.copyOf(steps);
    solverSteps = List.copyOf(solverSteps);
    require(count >= FEWEST, "count must be " + FEWEST + " or more, is " + count);
    require(real >= count, "real must be at least count, " + count + ", is " + real);
    require(reconstructed >= 1, "reconstructed must be 1 or more, is " + reconstructed);
    require(!steps.isEmpty() && rising(steps), "steps must rise from 1, are " + steps);
    require(
        !solverSteps.isEmpty() && rising(solverSteps),
        "solver steps must rise from 1, are " + solverSteps);
    guidance.ifPresent(Condition::requireGuidance);
  }

  /** Images without labels. */
  public EvaluationOptions(
      int count,
      int real,
      int reconstructed,
      List<Integer> steps,
      List<Integer> solverSteps,
      Preset preset,
      int batchSize,
      long seed) {
    this(
        count,
        real,
        reconstructed,
        steps,
        solverSteps,
        preset,
        batchSize,
        seed,
        OptionalDouble.empty());
  }

  private static boolean rising(List<Integer> steps) {
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) <= (i == 0 ? 0 : steps.get(i - 1))) {
        return false;
      }
    }
    return true;
  }

  private static void require(boolean holds, String why) {
    if (!holds) {
      throw new IllegalArgumentException(why);
    }
  }
}
