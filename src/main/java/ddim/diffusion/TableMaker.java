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

  TableMaker(Sampler sampler, NoiseSchedule schedule) {
    this.sampler = sampler;
    this.schedule = schedule;
    this.tau = sampler.visited(schedule);
  }

  /** From the highest level of tau down to the clean image, asking at the level come from. */
  StepTable sample() {
    int steps = tau.length;
    int[] path = IntStream.rangeClosed(1, steps + 1).map(i -> level(steps - i)).toArray();
    int kept = sampler.solver().kept(sampler.order());
    double[][] numbers = numbers(path, kept, sampler.rederiveEps());
    if (sampler.sigmaHat()) {
      for (int k = 0; k < steps - 1; k++) {
        numbers[k][Column.SIGMA.ordinal()] =
            StepFormulas.sigmaHat(schedule.alphaBar(path[k]), schedule.alphaBar(path[k + 1]));
      }
    }
    return new StepTable(Arrays.copyOf(path, steps), numbers, sampler.clipping());
  }

  /** From the clean image up to the highest level of tau. */
  StepTable encode() {
    int steps = tau.length;
    int[] path = IntStream.range(-1, steps).map(this::level).toArray();
    int source = sampler.inversion() == Inversion.DESTINATION ? 1 : 0;
    int[] asked = IntStream.range(0, steps).map(k -> Math.max(0, path[k + source])).toArray();
    int kept = sampler.solver().keptWhenEncoding(sampler.order());
    return new StepTable(asked, numbers(path, kept, false), Clipping.NONE);
  }

  /** Entry i of tau; below it, the level that counts as clean. */
  private int level(int i) {
    int clean = sampler.finalAlphaBar() == FinalAlphaBar.FIRST ? 0 : -1;
    return i == -1 ? clean : tau[i];
  }

  /** The numbers of every step from a level of the path to the next. */
  private double[][] numbers(int[] path, int kept, boolean rederiveEps) {
    double[][] numbers = new double[path.length - 1][];
    for (int k = 0; k < numbers.length; k++) {
      double alphaBarT = schedule.alphaBar(path[k]);
      double alphaBarS = schedule.alphaBar(path[k + 1]);
      numbers[k] = StepFormulas.ddim(alphaBarT, alphaBarS, sampler.eta());
      if (rederiveEps) {
        StepFormulas.rederiveEps(numbers[k]);
      }
      extrapolate(numbers[k], known(path, k, kept), path[k + 1]);
    }
    return numbers;
  }

  /** Turns a step of DDIM into one of the sampler's solver. */
  private void extrapolate(double[] step, int[] known, int next) {
    switch (sampler.solver()) {
      case DDIM -> {}
      case DPM_SOLVER_PP_2M -> Multistep.dpmSolverPp(step, schedule, known, next);
      case IPNDM ->
          Multistep.extrapolateEps(
              step, schedule.alphaBar(next), Multistep.adamsBashforth(known.length));
      case DEIS ->
          Multistep.extrapolateEps(
              step, schedule.alphaBar(next), Multistep.deis(schedule, known, next));
    }
  }

  /**
   * The levels whose predictions step k may use, newest first: its own, and as many kept ones as
   * wanted, back to where the trajectory last stood still. At the ends of the scale, where the
   * log-SNR is infinite, no polynomial runs on: its own alone.
   */
  private int[] known(int[] path, int k, int kept) {
    boolean standsStill = path[k] == path[k + 1];
    boolean hasSignal = schedule.alphaBar(path[k]) > 0 && schedule.alphaBar(path[k + 1]) > 0;
    int most = standsStill || !hasSignal ? 0 : Math.min(kept, k);
    int count = 1;
    while (count <= most && path[k - count] != path[k - count + 1]) {
      count++;
    }
    return IntStream.range(0, count).map(j -> path[k - j]).toArray();
  }
}
