package ddim.cli.images;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.diffusion.Violation;
import ddim.model.LoadedModel;
import ddim.model.ModelSpec;
import ddim.nn.UNetConfig;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Row;
import ddim.serve.batch.SystemTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/**
 * Images of a model in this process, batched as a server batches them, so that they are the
 * server's images.
 */
public final class LocalImages implements ImageMaker {
  private final String name;
  private final long version;
  private final LoadedModel model;
  private final SystemTime time = new SystemTime();
  private final Batcher batcher;

  private LocalImages(String name, long version, LoadedModel model, BatcherOptions options) {
    this.name = name;
    this.version = version;
    this.model = model;
    this.batcher = Batcher.start(name, model, options, time);
  }

  /**
   * Loads a model.
   *
   * @param models the repository
   * @param name the model
   * @param version which; the newest if empty
   * @param options how rows become batches
   * @throws IOException if it is not there
   */
  public static LocalImages open(
      Path models, String name, OptionalLong version, BatcherOptions options) throws IOException {
    ModelFolder folder = ModelFolder.find(models, name, version);
    return new LocalImages(name, folder.version(), LoadedModel.load(folder.path()), options);
  }

  @Override
  public Images make(long[] seeds, int steps, double eta) {
    ModelSpec spec = model.spec();
    NoiseSchedule schedule = NoiseSchedule.of(spec.schedule());
    Sampler sampler = Sampler.ddim(steps, eta);
    List<Violation> violations = sampler.violations(schedule, spec.prediction());
    if (!violations.isEmpty()) {
      throw new WrongCallException(
          violations.stream().map(Violation::message).collect(Collectors.joining("; ")));
    }
    StepTable table = sampler.table(schedule, spec.prediction());
    List<Row> rows = Arrays.stream(seeds).mapToObj(seed -> new Row(seed, null, table)).toList();
    UNetConfig unet = spec.unet();
    return new Images(
        images(rows), unet.height(), unet.width(), unet.imageChannels(), name, version);
  }

  private List<float[]> images(List<Row> rows) {
    try {
      return batcher.submit(rows, null).result().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    batcher.close();
    time.close();
    model.close();
  }
}
