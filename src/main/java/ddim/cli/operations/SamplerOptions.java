package ddim.cli.operations;

import ddim.diffusion.Clipping;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.Solver;
import ddim.diffusion.Spacing;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options of a sampler besides its number of steps and eta. */
final class SamplerOptions {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--preset",
      defaultValue = "ddim",
      paramLabel = "NAME",
      description =
          "The set of options to start from: ddim, paper, diffusers-ddim, ddpm-small, ddpm-large,"
              + " ermongroup (default: ${DEFAULT-VALUE}).")
  private String preset;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      description = "How a step is taken: ddim, dpm-solver-pp-2m, ipndm, deis.")
  private @Nullable String solver;

  @Option(
      names = "--order",
      paramLabel = "N",
      description = "The order of the solver (default: its own).")
  private @Nullable Integer order;

  @Option(
      names = "--spacing",
      paramLabel = "NAME",
      description =
          "Which noise levels are visited: quadratic, linspace, leading, trailing, log-snr,"
              + " paper-uniform, paper-quad (default: the solver's own).")
  private @Nullable String spacing;

  @Option(
      names = "--timesteps",
      split = ",",
      paramLabel = "T",
      description = "The noise levels themselves, rising, instead of a number of steps.")
  private List<Integer> timesteps = List.of();

  @Option(
      names = "--sigma-hat",
      description = "Draw the larger noise of DDPM, keeping the mean of eta 1.")
  private boolean sigmaHat;

  @Option(
      names = "--clip",
      paramLabel = "none|RANGE|QUANTILE:MAX",
      description =
          "What is done to every predicted x0: nothing, clipping, or dynamic thresholding"
              + " (default: that of the preset; 1 for ddim).")
  private @Nullable String clip;

  @Option(names = "--rederive-eps", description = "Compute the noise again from the clipped x0.")
  private boolean rederiveEps;

  /**
   * The sampler with so many steps and so much noise.
   *
   * @param eta null for that of the preset
   * @throws ParameterException if a name or number is none
   */
  Sampler sampler(int steps, @Nullable Double eta) {
    require(steps >= 1, "--steps", "must be 1 or more, is " + steps);
    require(eta == null || (eta >= 0 && eta <= 1), "--eta", "must be from 0 to 1, is " + eta);
    try {
      Sampler.Builder builder = Preset.named(preset).builder(steps);
      given(solver, name -> builder.solver(Solver.named(wireName(name))));
      given(order, builder::order);
      given(spacing, name -> builder.spacing(Spacing.named(wireName(name))));
      if (!timesteps.isEmpty()) {
        builder.timesteps(timesteps);
      }
      if (sigmaHat) {
        builder.sigmaHat(true).eta(1); // the mean that it keeps
      }
      given(eta, builder::eta);
      given(clip, text -> builder.clipping(clipping(text)));
      if (rederiveEps) {
        builder.rederiveEps(true);
      }
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Commands write their names with dashes, files and messages with underscores. */
  private static String wireName(String name) {
    return name.replace('-', '_');
  }

  private void require(boolean holds, String option, String why) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '" + option + "': " + why);
    }
  }

  private static <T> void given(@Nullable T value, Consumer<T> option) {
    if (value != null) {
      option.accept(value);
    }
  }

  private static Clipping clipping(String text) {
    if (text.equals("none")) {
      return Clipping.NONE;
    }
    int colon = text.indexOf(':');
    try {
      return colon < 0
          ? Clipping.to(Double.parseDouble(text))
          : Clipping.dynamic(
              Double.parseDouble(text.substring(0, colon)),
              Double.parseDouble(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "Invalid value for option '--clip': must be none, RANGE or QUANTILE:MAX, is " + text, e);
    }
  }
}
