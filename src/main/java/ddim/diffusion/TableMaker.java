package ddim.diffusion;

import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.Sampler.Inversion;
import ddim.diffusion.StepTable.Column;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Turns options that are without violations into the numbers of a trajectory. */
final class TableMaker {
  private final Sampler sampler;
  private final NoiseSchedule schedule;
  private final int[] tau;

  TableMaker(Sampler sampler, NoiseSchedule schedule, int[] tau) {
    this.sampler = sampler;
    this.schedule = schedule;
    this.tau = tau;
  }

  /** From the highest level of tau down to the clean image, asking at the level come from. */
  StepTable sample() {
    int steps = tau.length;
    int[] path = IntStream.rangeClosed(1, steps + 1).map(i -> level(steps - i)).toArray();
    return table(path, Arrays.copyOf(path, steps), sampler.clipping(), sampler.rederiveEps());
  }

  /** From the clean image up to the highest level of tau. */
  StepTable encode() {
    int steps = tau.length;
    int[] path = IntStream.range(-1, steps).map(this::level).toArray();
    int[] asked =
        IntStream.range(0, steps)
            .map(k -> sampler.inversion() == Inversion.DESTINATION ? path[k + 1] : path[k])
            .map(t -> Math.max(0, t))
            .toArray();
    return table(path, asked, Clipping.NONE, false);
  }

  private int level(int i) {
    return i == -1 ? -1 : tau[i];
  }

  private StepTable table(int[] path, int[] asked, Clipping clipping, boolean rederiveEps) {
    if (sampler.solver() != Solver.DDIM) {
      throw new UnsupportedOperationException("solver " + sampler.solver().wireName());
    }
    double[] alphaBar = Arrays.stream(path).mapToDouble(this::alphaBar).toArray();
    double[][] steps = new double[asked.length][];
    for (int k = 0; k < steps.length; k++) {
      double[] step = StepFormulas.ddim(alphaBar[k], alphaBar[k + 1], sampler.eta());
      if (sampler.sigmaHat() && path[k + 1] != -1) {
        step[Column.SIGMA.ordinal()] = StepFormulas.sigmaHat(alphaBar[k], alphaBar[k + 1]);
      }
      if (rederiveEps) {
        StepFormulas.rederiveEps(step);
      }
      steps[k] = step;
    }
    return new StepTable(asked, steps, clipping);
  }

  private double alphaBar(int t) {
    return t == -1 && sampler.finalAlphaBar() == FinalAlphaBar.FIRST
        ? schedule.alphaBar(0)
        : schedule.alphaBar(t);
  }
}
