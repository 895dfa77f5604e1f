package ddim.eval.experiment;

import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.Solver;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * A row of table 1: a way of sampling, but for its number of steps.
 *
 * @param name for people
 * @param file for the names of files
 */
record Variant(String name, String file, Preset preset, UnaryOperator<Sampler.Builder> options) {
  private static final List<Double> ETAS = List.of(0.0, 0.2, 0.5, 1.0);

  /** The etas of the paper's table 1, and its sigma-hat. */
  static List<Variant> etas(Preset preset) {
    List<Variant> variants = new ArrayList<>();
    for (double eta : ETAS) {
      String text = eta == Math.rint(eta) ? Integer.toString((int) eta) : Double.toString(eta);
      variants.add(
          eta == 0
              ? ddim(preset, "eta 0")
              : new Variant("eta " + text, "eta-" + text, preset, b -> b.eta(eta)));
    }
    variants.add(new Variant("sigma-hat", "sigma-hat", preset, b -> b.sigmaHat(true).eta(1)));
    return variants;
  }

  /** Every solver; DDIM is eta 0 of the other table. */
  static List<Variant> solvers(Preset preset) {
    List<Variant> variants = new ArrayList<>();
    for (Solver solver : Solver.values()) {
      variants.add(
          switch (solver) {
            case DDIM -> ddim(preset, "DDIM");
            case DPM_SOLVER_PP_2M -> solver("DPM-Solver++(2M)", preset, solver);
            case IPNDM -> solver("iPNDM", preset, solver);
            case DEIS -> solver("DEIS", preset, solver);
          });
    }
    return variants;
  }

  private static Variant ddim(Preset preset, String name) {
    return new Variant(name, "ddim", preset, b -> b.eta(0));
  }

  private static Variant solver(String name, Preset preset, Solver solver) {
    String file = solver.name().toLowerCase(Locale.ROOT).replace('_', '-');
    return new Variant(
        name, file, preset, b -> b.solver(solver).spacing(solver.defaultSpacing()).eta(0));
  }

  Sampler sampler(int steps) {
    return options.apply(preset.builder(steps)).build();
  }

  String cell(int steps) {
    return "table1-" + file + "-" + steps;
  }
}
