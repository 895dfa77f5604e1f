package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.data.FashionMnist;
import ddim.data.ImageFolder;
import ddim.data.ImageRange;
import ddim.data.ImageSource;
import ddim.model.ModelWeights;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that are continued on the images they were begun with, or on others. */
class OtherImagesTest {
  private static final TrainConfig TINY = TrainConfig.named("tiny");

  @TempDir Path folder;

  @Test
  void aRunIsNotContinuedOnOtherImagesOfTheSameName() throws Exception {
    Trainer.run(TINY, new Renamed("tiny", 1000, List.of()), folder, 1, false, TrainListener.NONE);

    assertThatThrownBy(() -> resume(new Renamed("tiny", 900, List.of("dress", "bag"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "the run in \\S+ was trained on other images: images is 1000 in the run, 900 now;"
                + " class_names is \\[] in the run, \\[dress, bag] now;"
                + " digest is [0-9a-f]{12} in the run, [0-9a-f]{12} now");
    assertThatThrownBy(() -> resume(new Renamed("other", 1000, List.of())))
        .hasMessageEndingWith("other images: dataset is \"tiny\" in the run, \"other\" now");
    assertThat(resume(new Renamed("tiny", 1000, List.of()))).isEqualTo(2);
  }

  @Test
  void aCheckpointThatKnowsTheNameAloneIsContinuedAndThenKnowsMore() throws Exception {
    Trainer.run(TINY, new TinyImages(), folder, 1, false, TrainListener.NONE);
    Path file = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    asOlderProgramsWrote(file);
    assertThat(header(file).data().digest()).isEmpty();
    assertThat(header(file).data().images()).isZero();

    assertThat(resume(new TinyImages())).isEqualTo(2);

    Path next = Checkpoint.newest(new RunFolder(folder)).orElseThrow();
    assertThat(header(next).data()).isEqualTo(Dataset.of(new TinyImages()));
    assertThat(header(next).data().images()).isEqualTo(1000);
  }

  /** For its weights are a start, and what they are made of later is another model. */
  @Test
  void importedWeightsTakeAnyImagesAndTheModelNamesAllOfThem() throws Exception {
    Path run = folder.resolve("run");
    Path imported = folder.resolve("imported");
    Trainer.run(TINY, new Renamed("first", 1000, List.of()), run, 2, false, TrainListener.NONE);
    RunImporter.write(RunExporter.weights(run), TINY, imported);
    assertThat(RunExporter.weights(imported).dataset()).isEqualTo("first");

    ImageSource second = new Renamed("second", 500, List.of());
    Trainer.run(TINY, second, imported, 3, true, TrainListener.NONE);
    Trainer.run(TINY, second, imported, 4, true, TrainListener.NONE);

    ModelWeights weights = RunExporter.weights(imported);
    assertThat(weights.dataset()).isEqualTo("first, then second");
    assertThat(weights.license()).isEqualTo("MIT");
    assertThat(weights.trainingStep()).isEqualTo(6);
    assertThatThrownBy(
            () ->
                Trainer.run(
                    TINY,
                    new Renamed("first", 1000, List.of()),
                    imported,
                    5,
                    true,
                    TrainListener.NONE))
        .hasMessageContaining("dataset is \"second\" in the run, \"first\" now");
  }

  @ParameterizedTest(name = "{0} {1}, then {2} {3}")
  @CsvSource({
    "'', '', a, MIT, a, MIT",
    "a, MIT, a, MIT, a, MIT",
    "a, MIT, b, MIT, 'a, then b', MIT",
    "a, MIT, b, CC-BY-4.0, 'a, then b', MIT AND CC-BY-4.0",
    "'a, then b', MIT AND CC-BY-4.0, b, CC-BY-4.0, 'a, then b', MIT AND CC-BY-4.0",
    "a, MIT OR ISC, b, CC-BY-4.0, 'a, then b', (MIT OR ISC) AND CC-BY-4.0",
    "unknown, NOASSERTION, b, MIT, 'unknown, then b', NOASSERTION",
    "a, MIT, b, NOASSERTION, 'a, then b', NOASSERTION"
  })
  void aModelNamesWhatItsWeightsHaveSeenAndTheLicencesTogether(
      String before, String license, String now, String nowLicense, String names, String both) {
    Origin origin = new Origin(0, before, license);
    Dataset data = Dataset.named(now, nowLicense, List.of());

    assertThat(origin.datasetsUntil(data)).isEqualTo(names);
    assertThat(origin.licensesWith(data)).isEqualTo(both);
  }

  @Test
  void pixelsAndLabelsOrNamesAndSizesTellImagesFromOthers() throws Exception {
    ImageSource all = FashionMnist.bundled();
    String first = new ImageRange(all, 0, 100).digest();
    assertThat(new ImageRange(all, 0, 100).digest()).isEqualTo(first).hasSize(64);
    assertThat(new ImageRange(all, 1, 100).digest()).isNotEqualTo(first);
    assertThat(new ImageRange(all, 0, 99).digest()).isNotEqualTo(first);

    Path one = pictures("one", "a.png", "b.png");
    String digest = digestOf(one);
    assertThat(digestOf(pictures("two", "a.png", "b.png"))).isEqualTo(digest);
    assertThat(digestOf(pictures("three", "a.png", "c.png"))).isNotEqualTo(digest);
    Files.write(one.resolve("b.png"), new byte[10]);
    assertThat(digestOf(one)).isNotEqualTo(digest);
  }

  private long resume(ImageSource images) throws Exception {
    return Trainer.run(TINY, images, folder, 2, true, TrainListener.NONE);
  }

  private static Checkpoint.Header header(Path file) throws Exception {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      return Checkpoint.header(file, tensors);
    }
  }

  /** Writes a checkpoint without what came later. */
  private static void asOlderProgramsWrote(Path file) throws Exception {
    Map<String, String> texts;
    Map<String, SafeTensorsWriter.Tensor> tensors = new LinkedHashMap<>();
    try (SafeTensors state = SafeTensors.open(file)) {
      texts = new TreeMap<>(state.metadata());
      for (String name : state.names()) {
        tensors.put(name, new SafeTensorsWriter.Tensor(state.shape(name), state.floats(name)));
      }
    }
    assertThat(texts.keySet())
        .containsAll(List.of("images", "images_digest", "earlier_dataset", "earlier_license"));
    texts
        .keySet()
        .removeAll(List.of("images", "images_digest", "earlier_dataset", "earlier_license"));
    SafeTensorsWriter.write(file, texts, tensors);
  }

  private Path pictures(String name, String... files) throws Exception {
    Path pictures = Files.createDirectories(folder.resolve(name));
    for (String file : files) {
      BufferedImage black = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
      ImageIO.write(black, "png", pictures.resolve(file).toFile());
    }
    return pictures;
  }

  private static String digestOf(Path pictures) throws Exception {
    return ImageFolder.in(pictures, 8, 8, 3, ImageFolder.Unreadable.REFUSE, warning -> {}).digest();
  }

  /** Tiny images by another name, perhaps fewer. */
  private record Renamed(String name, int size, List<String> classNames) implements ImageSource {
    private static final ImageSource TINY_IMAGES = new TinyImages();

    @Override
    public String license() {
      return TINY_IMAGES.license();
    }

    @Override
    public int height() {
      return TINY_IMAGES.height();
    }

    @Override
    public int width() {
      return TINY_IMAGES.width();
    }

    @Override
    public int channels() {
      return TINY_IMAGES.channels();
    }

    @Override
    public void read(int index, byte[] into, int offset) {
      byte[] pixels = new byte[imageSize()];
      synchronized (TINY_IMAGES) {
        TINY_IMAGES.read(index, pixels, 0);
      }
      System.arraycopy(pixels, 0, into, offset, pixels.length);
    }
  }
}
