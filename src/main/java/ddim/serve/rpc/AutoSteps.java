package ddim.serve.rpc;

import ddim.diffusion.Sampler;
import ddim.serve.batch.Demand;
import ddim.serve.repository.Lease;
import ddim.v1.SampleRequest;

/** How many steps a request takes, if it leaves that to its deadline. */
final class AutoSteps {
  private static final int FEWEST = 5;
  private static final String FIELD = "auto_steps";

  private final boolean asked;
  private final Sampler sampler;
  private final int least;
  private final int most;

  /**
   * Checks the request.
   *
   * @param sampler the request's, of the preset's number of steps if it has none of its own
   */
  AutoSteps(SampleRequest request, Sampler sampler, RequestValidator check) {
    ddim.v1.AutoSteps auto = request.getAutoSteps();
    this.asked = request.hasAutoSteps();
    this.sampler = sampler;
    this.most = auto.getMost() == 0 ? sampler.steps() : auto.getMost();
    this.least = auto.getLeast() == 0 ? Math.min(FEWEST, most) : auto.getLeast();
    if (asked) {
      checkFields(request, check);
    }
  }

  private void checkFields(SampleRequest request, RequestValidator check) {
    Problems problems = check.problems();
    problems.rule(
        !request.hasSteps(),
        "steps",
        "steps must be absent beside auto_steps, are " + request.getSteps());
    problems.rule(
        sampler.timesteps().isEmpty(),
        "sampler.timesteps",
        "sampler.timesteps must be absent beside auto_steps");
    problems.rule(
        least >= 1 && least <= most,
        FIELD + ".least",
        "auto_steps.least must be from 1 to auto_steps.most %d, is %d".formatted(most, least));
    problems.rule(most >= 1, FIELD + ".most", "auto_steps.most must be at least 1, is " + most);
    if (least >= 1 && most >= 1) {
      check.steps(sampler.withSteps(most), FIELD + ".most");
      check.steps(sampler.withSteps(least), FIELD + ".least");
    }
  }

  /** The number of steps that there will be at least. */
  int fewestSteps() {
    return asked ? least : sampler.steps();
  }

  /**
   * The sampler with the number of steps that it is to take.
   *
   * @throws ddim.serve.batch.RefusedException if not even the fewest steps would be done in time
   */
  Sampler choose(Lease lease, Demand images, Caller caller) {
    if (!asked) {
      return sampler;
    }
    int steps = lease.batcher().affordableSteps(images, least, most, caller.terms());
    while (steps > least && !isValid(sampler.withSteps(steps), lease)) {
      steps--; // a spacing may not have every number of different timesteps
    }
    return sampler.withSteps(steps);
  }

  private static boolean isValid(Sampler sampler, Lease lease) {
    return sampler.violations(lease.schedule(), lease.spec().prediction()).isEmpty();
  }
}
