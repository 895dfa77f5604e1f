package ddim.diffusion;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** What the options of a sampler must be for a schedule, checked all at once. */
final class SamplerRules {
  private final Sampler sampler;
  private final NoiseSchedule schedule;
  private final List<Violation> broken = new ArrayList<>();

  SamplerRules(Sampler sampler, NoiseSchedule schedule) {
    this.sampler = sampler;
    this.schedule = schedule;
  }

  List<Violation> sampling(Prediction prediction) {
    checkOrder();
    boolean visitable = sampler.timesteps().isEmpty() ? checkSpacing() : checkTimesteps();
    checkNoise();
    if (visitable) {
      checkSignal(prediction);
    }
    return List.copyOf(broken);
  }

  List<Violation> encoding(Prediction prediction) {
    sampling(prediction);
    rule(
        !(sampler.eta() > 0 && sampler.eta() <= 1),
        "eta",
        "must be 0 to encode (a step with noise has no inverse), is %s",
        sampler.eta());
    rule(
        sampler.inversion() == sampler.solver().defaultInversion() || isDdim(),
        "inversion",
        "must be source with solver %s, is destination",
        sampler.solver().wireName());
    rule(
        prediction != Prediction.X0 || sampler.finalAlphaBar() == Sampler.FinalAlphaBar.FIRST,
        "final_alpha_bar",
        "must be first to encode with a model that predicts x0 (a clean image does not tell its"
            + " noise), is one");
    return List.copyOf(broken);
  }

  private void checkOrder() {
    int maxOrder = sampler.solver().maxOrder();
    rule(
        sampler.order() >= 1 && sampler.order() <= maxOrder,
        "order",
        "must be from 1 to %d with solver %s, is %d",
        maxOrder,
        sampler.solver().wireName(),
        sampler.order());
  }

  private boolean checkSpacing() {
    Violation problem =
        Timesteps.problem(sampler.spacing(), schedule, sampler.steps(), sampler.offset());
    if (problem != null) {
      broken.add(problem);
    }
    return problem == null;
  }

  /** Names the first entry that breaks each rule: a list may be long. */
  private boolean checkTimesteps() {
    List<Integer> tau = sampler.timesteps();
    int last = schedule.trainSteps() - 1;
    rule(
        sampler.steps() == tau.size(),
        "steps",
        "must be absent or %d, the number of timesteps, is %d",
        tau.size(),
        sampler.steps());
    OptionalInt outside =
        IntStream.range(0, tau.size()).filter(i -> tau.get(i) < 0 || tau.get(i) > last).findFirst();
    outside.ifPresent(
        i -> broken("timesteps", "must be from 0 to %d, entry %d is %d", last, i, tau.get(i)));
    OptionalInt falling =
        IntStream.range(1, tau.size()).filter(i -> tau.get(i) <= tau.get(i - 1)).findFirst();
    falling.ifPresent(
        i ->
            broken(
                "timesteps",
                "must rise strictly, entry %d is %d after %d",
                i,
                tau.get(i),
                tau.get(i - 1)));
    return outside.isEmpty() && falling.isEmpty();
  }

  private void checkNoise() {
    double eta = sampler.eta();
    boolean inRange = eta >= 0 && eta <= 1;
    rule(inRange, "eta", "must be from 0 to 1, is %s", eta);
    rule(
        !inRange || eta == 0 || isDdim(),
        "eta",
        "must be 0 with solver %s, is %s",
        sampler.solver().wireName(),
        eta);
    rule(!sampler.sigmaHat() || eta == 1, "sigma_hat", "needs the mean of eta 1, eta is %s", eta);
  }

  private void checkSignal(Prediction prediction) {
    int[] tau = sampler.visited(schedule);
    int highest = tau[tau.length - 1];
    schedule
        .problemOf(prediction, highest)
        .ifPresent(problem -> broken.add(new Violation("prediction", problem)));
  }

  private boolean isDdim() {
    return sampler.solver() == Solver.DDIM;
  }

  private void rule(boolean holds, String field, String text, Object... values) {
    if (!holds) {
      broken(field, text, values);
    }
  }

  private void broken(String field, String text, Object... values) {
    broken.add(new Violation(field, field + " " + text.formatted(values)));
  }
}
