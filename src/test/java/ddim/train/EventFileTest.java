package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.eval.ImageGrid;
import ddim.model.TfRecord;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.SessionLog;
import org.tensorflow.proto.Summary;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** What TensorBoard reads of a run. */
class EventFileTest {
  @TempDir Path folder;

  @Test
  void everyStartHasAFileWithTheNumbersOfItsSteps() throws Exception {
    TrainConfig tiny = TrainConfig.named("tiny");
    List<Double> losses = new ArrayList<>();
    Trainer.run(tiny, new TinyImages(), folder, 2, false, p -> losses.add(p.loss()));
    Trainer.run(tiny, new TinyImages(), folder, 3, true, p -> losses.add(p.loss()));

    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files =
          all.filter(file -> file.getFileName().toString().contains("tfevents")).sorted().toList();
    }
    assertThat(files).hasSize(2);
    List<Event> first = eventsOf(files.get(0));
    List<Event> second = eventsOf(files.get(1));
    assertThat(first.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(second.get(1).getSessionLog().getStatus()).isEqualTo(SessionLog.SessionStatus.START);
    assertThat(second.get(1).getStep()).isEqualTo(3);
    assertThat(first.subList(2, 4)).extracting(Event::getStep).containsExactly(1L, 2L);
    Summary last = second.get(2).getSummary();
    assertThat(last.getValueList())
        .extracting(Summary.Value::getTag)
        .contains("loss", "gradient_norm", "learning_rate", "ema_decay", "images_per_second");
    assertThat((double) last.getValue(0).getSimpleValue()).isCloseTo(losses.get(2), within(1e-6));
    assertThat(folder.resolve("loss.png")).isNotEmptyFile();
  }

  /** They are the images of the model that the checkpoint exports, so they tell what it can. */
  @Test
  void everyCheckpointShowsSamplesOfTheSameSeeds() throws Exception {
    TrainConfig config =
        TrainConfig.parse(
            "{\"base\": \"tiny\", \"checkpoint_every\": 2, \"unet\": {\"classes\": 2}}", "test");
    Path run = folder.resolve("run");
    Trainer.run(config, new LabelTrainingTest.DarkAndBright(), run, 4, false, new Sampling(6));

    List<Event> pictures =
        events(run).stream()
            .filter(event -> event.getSummary().getValueCount() > 0)
            .filter(event -> event.getSummary().getValue(0).hasImage())
            .toList();
    assertThat(pictures).extracting(Event::getStep).containsExactly(2L, 4L);
    assertThat(pictures.get(1).getSummary().getValue(0).getTag()).isEqualTo("samples");
    Summary.Image image = pictures.get(1).getSummary().getValue(0).getImage();
    assertThat(image.getEncodedImageString().toByteArray())
        .isNotEqualTo(
            pictures
                .get(0)
                .getSummary()
                .getValue(0)
                .getImage()
                .getEncodedImageString()
                .toByteArray())
        .isEqualTo(Files.readAllBytes(run.resolve("samples.png")));
    assertThat(image.getEncodedImageString().toByteArray()).isEqualTo(gridOfExported(run, 6));
    BufferedImage drawn = ImageIO.read(run.resolve("samples.png").toFile());
    assertThat(image.getWidth()).isEqualTo(drawn.getWidth()).isGreaterThan(2 * 48);
    assertThat(image.getHeight()).isEqualTo(drawn.getHeight());
  }

  @Test
  void noSamplesAreDrawnUnlessSomeoneWantsThem() throws Exception {
    Trainer.run(TrainConfig.named("tiny"), new TinyImages(), folder, 1, false, TrainListener.NONE);
    assertThat(folder.resolve("samples.png")).doesNotExist();
    assertThat(events(folder)).noneMatch(event -> event.toString().contains("samples"));
  }

  /** A grid of two columns, the classes, of seeds 0, 1, 2, ... */
  private byte[] gridOfExported(Path run, int count) throws Exception {
    Path model = RunExporter.export(run, folder.resolve("m"), "x", OptionalLong.empty());
    long[] seeds = LongStream.range(0, count).toArray();
    int[] labels = IntStream.range(0, count).map(i -> i % 2).toArray();
    int[] steps = IntStream.generate(() -> 20).limit(count).toArray();
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    try (SavedModelBundle bundle = SavedModelBundle.load(model.toString(), "serve");
        TInt64 seed = TInt64.vectorOf(seeds);
        TInt32 step = TInt32.vectorOf(steps);
        TFloat32 eta = TFloat32.vectorOf(new float[count]);
        TInt32 label = TInt32.vectorOf(labels);
        TFloat32 guidance = TFloat32.vectorOf(ones);
        Result result =
            bundle
                .function("serving_default")
                .call(
                    Map.of(
                        "seed",
                        seed,
                        "steps",
                        step,
                        "eta",
                        eta,
                        "labels",
                        label,
                        "guidance",
                        guidance))) {
      TUint8 images = (TUint8) result.get("images").orElseThrow();
      byte[] all = new byte[(int) images.size()];
      images.asRawTensor().data().read(all);
      List<byte[]> rows = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        rows.add(Arrays.copyOfRange(all, i * 8 * 8 * 3, (i + 1) * 8 * 8 * 3));
      }
      return ImageGrid.ofPixels(rows, 8, 8, 3).withColumns(2).png();
    }
  }

  /** Wants samples of every checkpoint. */
  private record Sampling(int samples) implements TrainListener {
    @Override
    public void onStep(TrainProgress progress) {}
  }

  static List<Event> eventsOf(Path file) throws Exception {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] content = new byte[(int) bytes.getLong(bytes.position())];
      byte[] record = new byte[content.length + 16];
      bytes.get(record);
      System.arraycopy(record, 12, content, 0, content.length);
      assertThat(Arrays.equals(record, TfRecord.of(content))).isTrue();
      events.add(Event.parseFrom(content));
    }
    return events;
  }

  /** Of the only event file of a run. */
  private static List<Event> events(Path run) throws Exception {
    try (Stream<Path> all = Files.list(run)) {
      List<Path> files =
          all.filter(file -> file.getFileName().toString().contains("tfevents")).toList();
      assertThat(files).hasSize(1);
      return eventsOf(files.get(0));
    }
  }
}
