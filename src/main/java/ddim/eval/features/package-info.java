/**
 * What images are compared by: features from a SavedModel, and the training of the classifier that
 * ships for them.
 *
 * <p>Depends on TensorFlow. Start reading at {@link ddim.eval.features.FeatureModel}.
 */
@NullMarked
package ddim.eval.features;

import org.jspecify.annotations.NullMarked;
