package ddim.diffusion;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Every option of a trajectory; together with a noise schedule it gives a {@link StepTable}.
 *
 * <p>Immutable. It may hold any numbers: {@link #violations} says all that is wrong with them for a
 * schedule, {@link #table} refuses them.
 *
 * @param solver how a step is taken
 * @param order the solver's order, from 1 to {@link Solver#maxOrder()}
 * @param spacing which levels are visited; not used with explicit timesteps
 * @param offset what {@link Spacing#LEADING} adds to its entries
 * @param steps S, the number of levels that are visited
 * @param timesteps the levels themselves, rising; empty to have the spacing choose them
 * @param eta the share of fresh noise: 0 is DDIM, 1 DDPM (DDIM, eq. 16)
 * @param sigmaHat draw noise of the larger variance {@code 1 - alphaBar_t / alphaBar_s}, keeping
 *     the mean of eta = 1; never in the last step
 * @param clipping what is done to every predicted x0
 * @param rederiveEps compute eps again from the clipped x0
 * @param finalAlphaBar the level after the last one
 * @param inversion where the network is asked when encoding
 */
public record Sampler(
    Solver solver,
    int order,
    Spacing spacing,
    int offset,
    int steps,
    List<Integer> timesteps,
    double eta,
    boolean sigmaHat,
    Clipping clipping,
    boolean rederiveEps,
    FinalAlphaBar finalAlphaBar,
    Inversion inversion) {

  /** What alphaBar is on the clean side of the lowest level visited. */
  public enum FinalAlphaBar {
    /** 1: the last step lands on the predicted x0. */
    ONE,
    /** alphaBar(0), as some latent diffusion models were trained to expect. */
    FIRST
  }

  /** Which timestep the network is told when a step encodes from level t up to level s. */
  public enum Inversion {
    /** t, the noise level of its input: the paper's reversed equation. */
    SOURCE,
    /** s: inverts better on Gaussian data (50 steps: round trip error 0.067 instead of 0.109). */
    DESTINATION
  }

  public Sampler {
    timesteps = List.copyOf(timesteps);
  }

  /** A copy with another number of steps. */
  public Sampler withSteps(int newSteps) {
    return new Sampler(
        solver,
        order,
        spacing,
        offset,
        newSteps,
        timesteps,
        eta,
        sigmaHat,
        clipping,
        rederiveEps,
        finalAlphaBar,
        inversion);
  }

  /** DDIM with our defaults: see {@link Preset#DDIM}. */
  public static Sampler ddim(int steps, double eta) {
    return Preset.DDIM.builder(steps).eta(eta).build();
  }

  /**
   * All that keeps these options from being sampled with, in the order of the options.
   *
   * @param schedule the noise that the network was trained on
   * @param prediction what the network predicts
   * @return empty if {@link #table} will succeed
   */
  public List<Violation> violations(NoiseSchedule schedule, Prediction prediction) {
    return new SamplerRules(this, schedule).sampling(prediction);
  }

  /** All that keeps these options from being encoded with, as {@link #violations}. */
  public List<Violation> encodeViolations(NoiseSchedule schedule, Prediction prediction) {
    return new SamplerRules(this, schedule).encoding(prediction);
  }

  /**
   * The steps from noise to an image: tau downwards, then to the clean image.
   *
   * @throws IllegalArgumentException with every violation
   */
  public StepTable table(NoiseSchedule schedule, Prediction prediction) {
    refuse(violations(schedule, prediction));
    return new TableMaker(this, schedule).sample();
  }

  /** {@link #table(NoiseSchedule, Prediction)} for a network that predicts the noise. */
  public StepTable table(NoiseSchedule schedule) {
    return table(schedule, Prediction.EPS);
  }

  /**
   * The steps from an image to its latent: from the clean image up through tau, along the same
   * equation in the other direction (DDIM, eq. 14), with the same solver. Never clipped: an encoder
   * must not lose what it is given. {@link #table} of the same sampler decodes.
   *
   * @throws IllegalArgumentException with every violation
   */
  public StepTable encodeTable(NoiseSchedule schedule, Prediction prediction) {
    refuse(encodeViolations(schedule, prediction));
    return new TableMaker(this, schedule).encode();
  }

  /** {@link #encodeTable(NoiseSchedule, Prediction)} for a network that predicts the noise. */
  public StepTable encodeTable(NoiseSchedule schedule) {
    return encodeTable(schedule, Prediction.EPS);
  }

  /** tau, which must be without violations. */
  int[] visited(NoiseSchedule schedule) {
    return timesteps.isEmpty()
        ? Timesteps.of(spacing, schedule, steps, offset)
        : timesteps.stream().mapToInt(t -> t).toArray();
  }

  private static void refuse(List<Violation> violations) {
    if (!violations.isEmpty()) {
      throw new IllegalArgumentException(
          violations.stream().map(Violation::message).collect(Collectors.joining("; ")));
    }
  }

  /**
   * Collects the options of a sampler; starts at those of {@link Preset#builder}.
   *
   * <p>What is not set follows from what is: the order, the spacing and the inversion from the
   * solver, the number of steps from explicit timesteps.
   */
  public static final class Builder {
    private Solver solver = Solver.DDIM;
    private @Nullable Integer order;
    private @Nullable Spacing spacing;
    private int offset;
    private int steps;
    private List<Integer> timesteps = List.of();
    private double eta;
    private boolean sigmaHat;
    private Clipping clipping = Clipping.UNIT;
    private boolean rederiveEps;
    private FinalAlphaBar finalAlphaBar = FinalAlphaBar.ONE;
    private @Nullable Inversion inversion;

    Builder(int steps) {
      this.steps = steps;
    }

    public Builder solver(Solver value) {
      solver = value;
      return this;
    }

    public Builder order(int value) {
      order = value;
      return this;
    }

    public Builder spacing(Spacing value) {
      spacing = value;
      return this;
    }

    public Builder offset(int value) {
      offset = value;
      return this;
    }

    public Builder steps(int value) {
      steps = value;
      return this;
    }

    /** Visits exactly these levels; sets the number of steps too. */
    public Builder timesteps(List<Integer> value) {
      timesteps = List.copyOf(value);
      steps = timesteps.size();
      return this;
    }

    public Builder eta(double value) {
      eta = value;
      return this;
    }

    public Builder sigmaHat(boolean value) {
      sigmaHat = value;
      return this;
    }

    public Builder clipping(Clipping value) {
      clipping = value;
      return this;
    }

    public Builder rederiveEps(boolean value) {
      rederiveEps = value;
      return this;
    }

    public Builder finalAlphaBar(FinalAlphaBar value) {
      finalAlphaBar = value;
      return this;
    }

    public Builder inversion(Inversion value) {
      inversion = value;
      return this;
    }

    public Sampler build() {
      return new Sampler(
          solver,
          order != null ? order : solver.defaultOrder(),
          spacing != null ? spacing : solver.defaultSpacing(),
          offset,
          steps,
          timesteps,
          eta,
          sigmaHat,
          clipping,
          rederiveEps,
          finalAlphaBar,
          inversion != null ? inversion : solver.defaultInversion());
    }
  }
}
