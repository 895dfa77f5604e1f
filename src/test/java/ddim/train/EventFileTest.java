package ddim.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.model.TfRecord;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.SessionLog;
import org.tensorflow.proto.Summary;

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
    List<Event> first = events(files.get(0));
    List<Event> second = events(files.get(1));
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

  private static List<Event> events(Path file) throws Exception {
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
}
