package ddim.train;

import com.google.protobuf.ByteString;
import ddim.model.TfRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.SessionLog;
import org.tensorflow.proto.Summary;

/** The numbers of a run as TensorBoard reads them: an event file for each time it was started. */
final class EventFile {
  private final Path file;
  private final AppendedFile records;

  private EventFile(Path file) {
    this.file = file;
    this.records = new AppendedFile(file, 0);
  }

  /**
   * Opens a new file in the run's folder; what earlier files say of later steps is void.
   *
   * @throws IOException if it cannot be written; the message names it
   */
  static EventFile open(RunFolder run, long step) throws IOException {
    long seconds = System.currentTimeMillis() / 1000;
    Path file = run.events(seconds);
    while (Files.exists(file)) {
      file = run.events(++seconds);
    }
    EventFile events = new EventFile(file);
    try {
      Files.createDirectories(run.root());
      Files.createFile(file);
      events.write(Event.newBuilder().setFileVersion("brain.Event:2"));
      events.write(
          Event.newBuilder()
              .setStep(step + 1)
              .setSessionLog(
                  SessionLog.newBuilder().setStatus(SessionLog.SessionStatus.START).build()));
      events.flush();
      return events;
    } catch (IOException e) {
      throw Unwritable.of(file, e);
    }
  }

  Path file() {
    return file;
  }

  void write(TrainProgress progress) throws IOException {
    Summary.Builder summary = Summary.newBuilder();
    add(summary, "loss", progress.loss());
    add(summary, "smoothed_loss", progress.smoothedLoss());
    add(summary, "gradient_norm", progress.gradientNorm());
    add(summary, "learning_rate", progress.learningRate());
    add(summary, "ema_decay", progress.emaDecay());
    add(summary, "data_wait", progress.dataWait());
    add(summary, "images_per_second", progress.imagesPerSecond());
    write(Event.newBuilder().setStep(progress.step()).setSummary(summary));
  }

  /** A picture of a step, as a PNG file. */
  void write(long step, String tag, byte[] png, int height, int width, int channels)
      throws IOException {
    Summary.Image image =
        Summary.Image.newBuilder()
            .setHeight(height)
            .setWidth(width)
            .setColorspace(channels)
            .setEncodedImageString(ByteString.copyFrom(png))
            .build();
    write(
        Event.newBuilder()
            .setStep(step)
            .setSummary(
                Summary.newBuilder()
                    .addValue(Summary.Value.newBuilder().setTag(tag).setImage(image))));
    flush();
  }

  void flush() throws IOException {
    records.flush();
  }

  private static void add(Summary.Builder summary, String tag, double value) {
    summary.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value).build());
  }

  private void write(Event.Builder event) throws IOException {
    double now = System.currentTimeMillis() / 1e3;
    records.append(TfRecord.of(event.setWallTime(now).build().toByteArray()));
  }
}
