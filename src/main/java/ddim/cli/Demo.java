package ddim.cli;

import ddim.cli.images.Models;
import ddim.data.FashionMnist;
import ddim.data.ImageSource;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.eval.ImageGrid;
import ddim.model.LoadedModel;
import ddim.serve.DdimServer;
import ddim.serve.SamplingClient;
import ddim.serve.ServerOptions;
import ddim.serve.repository.RepositoryOptions;
import ddim.train.Devices;
import ddim.train.RunExporter;
import ddim.train.TrainConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import picocli.CommandLine.Model.CommandSpec;

/** The whole way from images to images, stage by stage, each with its time. */
final class Demo {
  static final String RUN = "run";
  static final String MODELS = "models";

  private static final String NAME = "fashion-mnist";
  private static final int PICTURES = 64;
  private static final int SAMPLING_STEPS = 50;
  private static final int TIMED_ROWS = 8;

  private final Path folder;
  private final long steps;
  private final CommandSpec spec;
  private final PrintWriter out;
  private long stageStart = System.nanoTime();

  /**
   * @param folder where everything is left
   * @param steps training steps
   * @param spec the command, for its streams
   */
  Demo(Path folder, long steps, CommandSpec spec) {
    this.folder = folder;
    this.steps = steps;
    this.spec = spec;
    this.out = spec.commandLine().getOut();
  }

  /**
   * Runs all stages.
   *
   * @throws IOException if a file cannot be read or written
   * @throws IllegalStateException if one graph call and one call a step make other pictures
   */
  void run() throws IOException {
    long start = System.nanoTime();
    ImageSource images = FashionMnist.bundled();
    real(images);
    try (StopSignal signal = new StopSignal()) {
      TrainCommand.train(
          TrainConfig.named(NAME),
          images,
          folder.resolve(RUN),
          steps,
          false,
          0,
          Devices.DEFAULT,
          spec,
          signal);
    }
    done("trained %d steps: %s", steps, folder.resolve(RUN));
    Path version =
        RunExporter.export(folder.resolve(RUN), folder.resolve(MODELS), NAME, OptionalLong.empty());
    done("exported a SavedModel: %s", version);
    serveAndSample();
    time(version);
    out.printf("the demo took %.1f s; its pictures are in %s%n", seconds(start), folder);
  }

  private void real(ImageSource images) throws IOException {
    List<byte[]> first = new ArrayList<>();
    for (int i = 0; i < PICTURES; i++) {
      byte[] image = new byte[images.imageSize()];
      images.read(i, image, 0);
      first.add(image);
    }
    Files.createDirectories(folder);
    Path file = folder.resolve("real.png");
    ImageGrid.ofPixels(first, images.height(), images.width(), images.channels()).write(file);
    done("drew %d of the %,d training images: %s", PICTURES, images.size(), file);
  }

  private void serveAndSample() throws IOException {
    try (DdimServer server =
        Models.server(
            RepositoryOptions.of(folder.resolve(MODELS)),
            ServerOptions.defaults().withAddress("127.0.0.1", 0))) {
      server.load();
      String target = "127.0.0.1:" + server.port();
      done("serving on %s", target);
      try (SamplingClient client = SamplingClient.connect(target)) {
        SamplingClient.Pictures<float[]> made =
            client.sample(SamplingClient.Query.of(NAME, 0, PICTURES).withSteps(SAMPLING_STEPS));
        Path file = folder.resolve("samples.png");
        ImageGrid.of(made.pixels(), made.height(), made.width(), made.channels()).write(file);
        done(
            "%d images over the network, %d steps each, eta 0: %s", PICTURES, SAMPLING_STEPS, file);
      }
    }
    stageStart = System.nanoTime();
  }

  private void time(Path version) throws IOException {
    try (LoadedModel model = LoadedModel.load(version)) {
      NoiseSchedule schedule = NoiseSchedule.of(model.spec().schedule());
      StepTable table = Sampler.ddim(SAMPLING_STEPS, 0).table(schedule, model.spec().prediction());
      TrajectoryTiming timing =
          TrajectoryTiming.measure(
              model, LongStream.range(0, TIMED_ROWS).toArray(), table, System::nanoTime);
      done(
          "%d images, %d steps: %.2f s in one graph call, %.2f s step by step; the pictures differ"
              + " by %.1e at most",
          TIMED_ROWS,
          SAMPLING_STEPS,
          seconds(timing.whole()),
          seconds(timing.stepwise()),
          timing.largestDifference());
    }
  }

  private void done(String text, Object... values) {
    out.printf("[%6.1f s] %s%n", seconds(stageStart), text.formatted(values));
    stageStart = System.nanoTime();
  }

  private static double seconds(long since) {
    return seconds(Duration.ofNanos(System.nanoTime() - since));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
