package ddim.eval.features;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * {@code assets.extra/features.json}: what a classifier of ours is.
 *
 * @param name what its features are called
 * @param dataset the name of the training images
 * @param license the licence of the weights, as an SPDX expression
 * @param epochs how often it has seen every training image
 * @param seed of initial weights and order of images
 * @param testImages how many images it was tested on
 * @param testAccuracy the share of them that it classifies rightly
 */
record FeatureFile(
    @JsonProperty("name") String name,
    @JsonProperty("dataset") String dataset,
    @JsonProperty("license") String license,
    @JsonProperty("epochs") int epochs,
    @JsonProperty("seed") long seed,
    @JsonProperty("test_images") int testImages,
    @JsonProperty("test_accuracy") double testAccuracy) {
  static final String NAME = "assets.extra/features.json";

  byte[] toJson() {
    try {
      String text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static FeatureFile parse(byte[] json) throws IOException {
    return new ObjectMapper().readValue(json, FeatureFile.class);
  }
}
