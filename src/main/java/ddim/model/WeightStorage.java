package ddim.model;

/**
 * In which type a graph keeps its weights, and what that changes in its answers, as measured when
 * it was exported. Matrices and kernels are rounded to the type; the graph makes them float32 again
 * and computes in float32.
 *
 * @param type of matrices and kernels; biases and normalisations are float32 always
 * @param epsDifference the largest difference of the predicted noise to that of float32 weights,
 *     relative to the largest number in it
 * @param imageDifference the mean absolute difference of images, pixels in [-1, 1], made from equal
 *     noise in {@value WeightRounding#STEPS} steps
 */
public record WeightStorage(WeightType type, double epsDifference, double imageDifference) {
  static final WeightStorage EXACT = new WeightStorage(WeightType.FLOAT32, 0, 0);
}
