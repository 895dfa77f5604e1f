package ddim.cli;

import ddim.cli.images.ModelConnection;
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
  private static final int COMPARED = 12;

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
    compare(images, serveAndSample());
    time(version);
    out.printf("the demo took %.1f s; its pictures are in %s%n", seconds(start), folder);
  }

  private void real(ImageSource images) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve("real.png");
    grid(first(images, PICTURES), images).write(file);
    done("drew %d of the %,d training images: %s", PICTURES, images.size(), file);
  }

  private static List<byte[]> first(ImageSource images, int count) {
    List<byte[]> first = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] image = new byte[images.imageSize()];
      images.read(i, image, 0);
      first.add(image);
    }
    return first;
  }

  private static ImageGrid grid(List<byte[]> pictures, ImageSource images) {
    return ImageGrid.ofPixels(pictures, images.height(), images.width(), images.channels());
  }

  private List<float[]> serveAndSample() throws IOException {
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
        return made.pixels();
      }
    }
  }

  /** Real images, those of this demo and those of the model that ships, of the same seeds. */
  private void compare(ImageSource images, List<float[]> made) throws IOException {
    Path ships = ProgramFolder.find().orElse(Path.of(".")).resolve("savedmodel");
    if (!Files.isDirectory(ships.resolve(NAME))) {
      done("nothing to compare with: %s has no model '%s'", ships, NAME);
      return;
    }
    List<float[]> shipped;
    PrintWriter err = spec.commandLine().getErr();
    try (ModelConnection model = ModelConnection.of(ships, NAME, OptionalLong.empty(), err)) {
      SamplingClient.Query query = model.query().withSeeds(0, COMPARED).withSteps(SAMPLING_STEPS);
      shipped = model.ask(client -> client.sample(query)).pixels();
    }
    List<byte[]> all = first(images, COMPARED);
    made.stream().limit(COMPARED).map(ImageGrid::pixels).forEach(all::add);
    shipped.stream().map(ImageGrid::pixels).forEach(all::add);
    Path file = folder.resolve("compare.png");
    grid(all, images)
        .withColumns(COMPARED)
        .withLabels(
            List.of("real", steps + " steps of training", "the model that ships"), List.of())
        .write(file);
    done("%d of them beside those of the model that ships: %s", COMPARED, file);
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
