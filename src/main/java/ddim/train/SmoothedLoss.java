package ddim.train;

/**
 * The loss averaged over about the last thousand steps: single batches differ by more than a long
 * training gains.
 *
 * <p>The decay is {@code min(0.999, (1 + step) / (10 + step))}, as that of the weights' average.
 */
final class SmoothedLoss {
  private static final double DECAY = 0.999;

  private double value;

  /**
   * @param value after the steps before; anything before step 0
   */
  SmoothedLoss(double value) {
    this.value = value;
  }

  double value() {
    return value;
  }

  /** Takes in the loss of a step, from 0. */
  void add(long step, double loss) {
    double decay = step == 0 ? 0 : Math.min(DECAY, (1.0 + step) / (10.0 + step));
    value = decay * value + (1 - decay) * loss;
  }
}
