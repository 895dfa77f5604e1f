package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps on several devices are those of one. */
class DevicesTest {
  private static final int STEPS = 3;

  @TempDir Path folder;

  /** Two GPUs, or what stands in for them: where there is none TensorFlow takes the CPU. */
  @Test
  void twoDevicesTrainAsOne() throws Exception {
    TrainConfig config =
        TrainConfig.parse("{\"base\": \"tiny\", \"unet\": {\"dropout\": 0.3}}", "test");

    List<Double> one = losses(config, "one", lanes(1));
    List<Double> two = losses(config, "two", new Devices(2, 0, Optional.empty()));

    assertClose(two, one);
  }

  @Test
  void lanesTrainAsOne() throws Exception {
    TrainConfig config =
        TrainConfig.parse("{\"base\": \"tiny\", \"unet\": {\"dropout\": 0.3}}", "test");

    assertClose(losses(config, "two", lanes(2)), losses(config, "one", lanes(1)));
  }

  @ParameterizedTest(name = "{0} images on {1} lanes")
  @CsvSource({"8, 3", "2, 4"})
  void lanesThatAreAskedForMustBeEqual(int batchSize, int lanes) {
    TrainConfig config =
        TrainConfig.parse("{\"base\": \"tiny\", \"batch_size\": " + batchSize + "}", "test");

    assertThatThrownBy(() -> losses(config, "unequal", lanes(lanes)))
        .hasMessage(
            "batch_size must be a multiple of devices times accumulate, %d x 1, is %d"
                .formatted(lanes, batchSize));
  }

  @ParameterizedTest(name = "{0}: at most {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "{'base': 'fashion-mnist'} | 4",
        "{'base': 'fashion-mnist', 'accumulate': 2} | 2",
        "{'base': 'fashion-mnist', 'batch_size': 33} | 1",
        "{'base': 'tiny'} | 1",
        "{'base': 'cifar10'} | 1"
      })
  void lanesThatAreChosenAreEqualAndWorthIt(String recipe, int most) {
    TrainConfig config = TrainConfig.parse(recipe.replace('\'', '"'), "test");
    int processors = Runtime.getRuntime().availableProcessors();

    assertThat(Devices.DEFAULT.placement(config).towers().size())
        .isBetween(Math.min(processors, Math.min(2, most)), Math.min(processors, most));
  }

  @Test
  void lanesAreOfOneDevice() {
    assertThatThrownBy(() -> new Devices(2, 2, Optional.empty()))
        .hasMessage("lanes are for one device of one process, not for gpus or a cluster");
  }

  private static Devices lanes(int lanes) {
    return new Devices(0, lanes, Optional.empty());
  }

  @Test
  void partsOneAfterTheOtherTrainAsTheWholeBatch() throws Exception {
    String recipe = "{\"base\": \"tiny\", \"unet\": {\"dropout\": 0.3}, \"accumulate\": %d}";
    TrainConfig whole = TrainConfig.parse(recipe.formatted(1), "test");
    TrainConfig parts = TrainConfig.parse(recipe.formatted(4), "test");

    assertClose(losses(parts, "parts", lanes(1)), losses(whole, "whole", lanes(1)));
  }

  @Test
  void partsMustBeEqual() {
    assertThatThrownBy(() -> TrainConfig.parse("{\"base\": \"tiny\", \"accumulate\": 3}", "test"))
        .hasMessageContaining("accumulate must divide batch_size, 8, is 3");
  }

  private static void assertClose(List<Double> several, List<Double> one) {
    assertThat(several).hasSize(STEPS);
    for (int i = 0; i < STEPS; i++) {
      assertThat(several.get(i)).isCloseTo(one.get(i), within(1e-5));
    }
  }

  private List<Double> losses(TrainConfig config, String run, Devices devices) throws Exception {
    List<Double> losses = new ArrayList<>();
    Trainer.run(
        config,
        new TinyImages(),
        folder.resolve(run),
        STEPS,
        false,
        devices,
        progress -> losses.add(progress.loss()));
    return losses;
  }

  @Test
  void aBatchThatCannotBeSharedIsRefused() {
    assertThatThrownBy(
            () -> losses(TrainConfig.named("tiny"), "three", new Devices(3, 0, Optional.empty())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batch_size must be a multiple of devices times accumulate, 3 x 1, is 8");
    assertThat(folder.resolve("three")).doesNotExist();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"worker\": [\"a:1\"]} | worker must name 2 processes or more, is [a:1]",
        "{\"worker\": [\"a:1\", \"b\"]} | worker must be host:port each, is 'b'",
        "{\"worker\": [\"a:1\", \"b:65536\"]} | worker must be host:port each, is 'b:65536'",
        "{\"worker\": [\"a:1\", \"a:1\"]} | worker must name each process once",
        "{\"workers\": []} | 'worker'",
        "{} | worker",
        "[] | Cannot deserialize"
      })
  void aClusterIsAFileOfAddresses(String text, String message) throws Exception {
    Path file = Files.writeString(folder.resolve("cluster.json"), text);

    assertThatThrownBy(() -> Cluster.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(file + ": ")
        .hasMessageContaining(message);
  }
}
