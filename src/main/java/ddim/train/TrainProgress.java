package ddim.train;

/**
 * One finished step.
 *
 * @param step steps finished, from 1
 * @param steps the run's last step
 * @param loss mean squared error of this step's batch
 * @param smoothedLoss averaged over about the last thousand steps
 * @param gradientNorm before clipping
 * @param learningRate of this step
 * @param emaDecay of the weights' average, of this step
 * @param imagesPerSecond of this step
 * @param dataWait the share of the time of this process' steps that was spent waiting for images
 */
public record TrainProgress(
    long step,
    long steps,
    double loss,
    double smoothedLoss,
    double gradientNorm,
    double learningRate,
    double emaDecay,
    double imagesPerSecond,
    double dataWait) {}
