package ddim.eval.features;

import org.tensorflow.ndarray.Shape;

/** The card of a classifier, for people. */
final class FeatureCard {
  static final String NAME = "MODEL_CARD.md";

  private static final String TEXT =
      """
      # A classifier of %1$s, to measure generated images with

      Its features, the 64 numbers before its last layer, are what `ddim evaluate` compares images
      by. A Fréchet distance in them is not FID, which has the features of an Inception network;
      the two cannot be compared with each other, only models measured alike.

      | | |
      | --- | --- |
      | trained on | %2$,d images of %1$s, %3$dx%10$dx%11$d, %4$d epochs, seed %5$d |
      | test accuracy | %6$.2f %% of %7$,d images it was not trained on |
      | parameters | %8$,d |
      | licence of the weights | %9$s |
      | made by | `scripts/ddim train-features --data DIR --epochs %4$d --seed %5$d --out FOLDER` |

      Signature `serving_default`: `images` uint8 [B, %3$d, %10$d, %11$d] to `features` float32 [B, 64] and
      `logits` float32 [B, classes].

      Limits: it knows what tells the classes apart, and may not see faults that do not matter for
      that, such as noise in a pattern. It has seen no other images.
      """;

  private FeatureCard() {}

  static String of(FeatureFile about, Shape image, int trained, long parameters) {
    return TEXT.formatted(
        about.dataset(),
        trained,
        image.get(0),
        about.epochs(),
        about.seed(),
        100 * about.testAccuracy(),
        about.testImages(),
        parameters,
        about.license(),
        image.get(1),
        image.get(2));
  }
}
