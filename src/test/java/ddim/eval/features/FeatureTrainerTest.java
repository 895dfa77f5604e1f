package ddim.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ddim.data.FashionMnist;
import ddim.data.ImageSource;
import ddim.eval.GaussianModel;
import ddim.eval.distance.FeatureStatistics;
import ddim.eval.distance.FrechetDistance;
import ddim.model.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureTrainerTest {
  @TempDir Path folder;

  @Test
  void aTrainedClassifierTellsClassesApartAndIsRepeated() throws IOException {
    FeatureTrainer trainer = new FeatureTrainer(halves(640, 1), halves(100, 2), 8, 5);

    double accuracy = trainer.train(folder.resolve("a"), (step, loss) -> {});

    assertThat(accuracy).isGreaterThan(0.9);
    trainer.train(folder.resolve("b"), (step, loss) -> {});
    assertThat(folder.resolve("a/saved_model.pb"))
        .hasSameBinaryContentAs(folder.resolve("b/saved_model.pb"));
    assertThat(folder.resolve("a/MODEL_CARD.md")).content().contains("640 images of halves");
    try (FeatureModel features = FeatureModel.load(folder.resolve("a"))) {
      assertThat(features.dimension()).isEqualTo(64);
      assertThat(features.distanceName())
          .isEqualTo("Fréchet distance, features of the halves classifier");
      assertThat(features.description()).contains("on 100 images").endsWith("not FID");
      float[][] of = features.of(halves(10, 3), 10);
      assertThat(of).hasDimensions(10, 64);
      assertThatThrownBy(() -> features.of(List.of(new byte[3]), 1, 1, 3))
          .hasMessage("the network of the features takes images with 1 channels, not 3");
    }
  }

  @Test
  void theShippedClassifierSeesWhatNoiseDoesToClothes() {
    try (FeatureModel features = FeatureModel.shipped()) {
      ImageSource images = FashionMnist.bundled();
      float[][] all = features.of(images, 400);
      float[][] half = Arrays.copyOfRange(all, 0, 200);
      FrechetDistance distance = FrechetDistance.to(FeatureStatistics.of(half));
      double others = distance.from(FeatureStatistics.of(Arrays.copyOfRange(all, 200, 400)));
      double noisy = distance.from(FeatureStatistics.of(features.of(noisy(images), 28, 28, 1)));

      assertThat(features.description()).contains("fashion-mnist classifier, test accuracy 9");
      assertThat(others).isPositive();
      assertThat(noisy).isGreaterThan(3 * others);
    }
  }

  @Test
  void theShippedClassifierTakesImagesOfOtherSizes() {
    try (FeatureModel features = FeatureModel.shipped()) {
      byte[] plain = new byte[32 * 32];
      Arrays.fill(plain, (byte) 100);
      byte[] same = new byte[28 * 28];
      Arrays.fill(same, (byte) 100);

      float[] larger = features.of(List.of(plain), 32, 32, 1)[0];

      float[] own = features.of(List.of(same), 28, 28, 1)[0];
      for (int i = 0; i < own.length; i++) {
        assertThat(larger[i]).isCloseTo(own[i], within(1e-4f));
      }
    }
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    ImageSource images = halves(10, 1);
    Files.createDirectories(folder.resolve("there"));

    assertThatThrownBy(() -> new FeatureTrainer(GaussianModel.images("plain", 9, 1), images, 1, 0))
        .hasMessage("a classifier needs labelled images: plain has 0 classes, its test 2");
    assertThatThrownBy(
            () -> new FeatureTrainer(images, images, 1, 0).train(folder.resolve("there"), null))
        .hasMessage(folder.resolve("there") + " is there already");
    assertThatThrownBy(() -> FeatureModel.load(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage(folder.resolve("saved_model.pb") + ": missing");
  }

  private static List<byte[]> noisy(ImageSource images) {
    Random random = new Random(1);
    byte[][] noisy = new byte[200][images.imageSize()];
    for (int i = 0; i < noisy.length; i++) {
      images.read(200 + i, noisy[i], 0);
      for (int j = 0; j < noisy[i].length; j++) {
        double level = (noisy[i][j] & 0xff) + 40 * random.nextGaussian();
        noisy[i][j] = (byte) Math.max(0, Math.min(255, level));
      }
    }
    return Arrays.asList(noisy);
  }

  /** Noise that is brighter above (class 0) or below (class 1). */
  private static ImageSource halves(int size, long seed) {
    return new ImageSource() {
      @Override
      public String name() {
        return "halves";
      }

      @Override
      public String license() {
        return "CC0-1.0";
      }

      @Override
      public int size() {
        return size;
      }

      @Override
      public int height() {
        return 8;
      }

      @Override
      public int width() {
        return 8;
      }

      @Override
      public int channels() {
        return 1;
      }

      @Override
      public int classes() {
        return 2;
      }

      @Override
      public int label(int index) {
        return index % 2;
      }

      @Override
      public void read(int index, byte[] into, int offset) {
        Random random = new Random(seed * 1000 + index);
        for (int i = 0; i < 64; i++) {
          boolean bright = i / 32 == label(index);
          into[offset + i] = (byte) (random.nextInt(100) + (bright ? 100 : 0));
        }
      }
    };
  }
}
