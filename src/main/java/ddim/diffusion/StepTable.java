package ddim.diffusion;

import java.util.Arrays;

/**
 * The numbers of one image's trajectory: all that the sampling loop knows of schedules, spacings,
 * solvers and directions.
 *
 * <p>Step k asks the network at {@link #timestep timestep(k)} and then computes
 *
 * <pre>
 *   x0   = clip((xt - sqrt(1 - alphaBar) * eps) / sqrt(alphaBar))          (DDIM, eq. 9)
 *   xs   = a * xt + b * x0 + c * eps + d1 * h1 + d2 * h2 + d3 * h3 + sigma * z
 *   h3, h2, h1 = h2, h1, (1 - v) * eps + v * x0
 * </pre>
 *
 * where alphaBar is the noise level of xt, h1 is the prediction kept by the step before, and z is
 * standard normal. DDIM (eq. 12 of Song, Meng, Ermon, <a
 * href="https://arxiv.org/abs/2010.02502">Denoising Diffusion Implicit Models</a>) is {@code b =
 * sqrt(alphaBar_s), c = sqrt(1 - alphaBar_s - sigma^2)}, all else 0; encoding is the same with s
 * above t; linear multistep solvers have weights on the kept predictions.
 *
 * <p>Immutable.
 */
public final class StepTable {
  /** How many kept predictions a step may use. */
  public static final int HISTORY = 3;

  /** The columns of a step, in the order in which the graph reads them. */
  public enum Column {
    SQRT_ALPHA_BAR("sqrt_alpha_bar"),
    SQRT_ONE_MINUS_ALPHA_BAR("sqrt_one_minus_alpha_bar"),
    A("a"),
    B("b"),
    C("c"),
    D1("d1"),
    D2("d2"),
    D3("d3"),
    V("v"),
    SIGMA("sigma");

    private final String wireName;

    Column(String wireName) {
      this.wireName = wireName;
    }

    /** The place of the column in a table, from 0. */
    @SuppressWarnings("EnumOrdinal") // the order of the constants is the contract
    public int index() {
      return ordinal();
    }

    /** The name in {@code assets.extra/ddim.json}. */
    public String wireName() {
      return wireName;
    }
  }

  private final int[] timesteps;
  private final double[][] steps;
  private final Clipping clipping;

  /**
   * @param timesteps what the network is asked at, step by step, each at least 0
   * @param steps the numbers of each step, [length][{@link Column}], finite
   * @param clipping what is done to x0 at every step
   * @throws IllegalArgumentException if the arrays do not fit each other or a number is not finite
   */
  public StepTable(int[] timesteps, double[][] steps, Clipping clipping) {
    if (timesteps.length == 0 || timesteps.length != steps.length) {
      throw new IllegalArgumentException(
          "a step table needs as many timesteps as steps and at least one, has "
              + timesteps.length
              + " and "
              + steps.length);
    }
    this.timesteps = timesteps.clone();
    this.steps = new double[steps.length][];
    for (int k = 0; k < steps.length; k++) {
      double[] step = steps[k].clone();
      if (timesteps[k] < 0) {
        throw new IllegalArgumentException("timestep of step " + k + " is " + timesteps[k]);
      }
      if (step.length != Column.values().length
          || !Arrays.stream(step).allMatch(Double::isFinite)) {
        throw new IllegalArgumentException(
            "step "
                + k
                + " needs "
                + Column.values().length
                + " finite numbers, has "
                + Arrays.toString(step));
      }
      this.steps[k] = step;
    }
    this.clipping = clipping;
  }

  /** The number of steps, which is the number of network calls. */
  public int length() {
    return timesteps.length;
  }

  /** The timestep that the network is asked at in step {@code k}. */
  public int timestep(int k) {
    return timesteps[k];
  }

  /** One number of step {@code k}. */
  public double get(int k, Column column) {
    return steps[k][column.index()];
  }

  /** What is done to x0 at every step. */
  public Clipping clipping() {
    return clipping;
  }

  /** Whether any step draws noise; if not, the images do not depend on the row's seed. */
  public boolean isStochastic() {
    return Arrays.stream(steps).anyMatch(step -> step[Column.SIGMA.index()] != 0);
  }
}
