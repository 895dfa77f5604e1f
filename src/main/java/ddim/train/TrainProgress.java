package ddim.train;

/**
 * One finished step.
 *
 * @param step steps finished, from 1
 * @param steps the run's last step
 * @param loss mean squared error of this step's batch
 * @param gradientNorm before clipping
 * @param learningRate of this step
 * @param imagesPerSecond of this step
 */
public record TrainProgress(
    long step,
    long steps,
    double loss,
    double gradientNorm,
    double learningRate,
    double imagesPerSecond) {}
