package ddim.eval.bulk;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.eval.ImageBatches;
import ddim.eval.ImageGrid;
import ddim.eval.SettingsFile;
import ddim.model.Condition;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a number of images, exactly. Image i has the seed {@code firstSeed + i}, whichever process
 * makes it: shards do not overlap, and what is interrupted continues with what is missing.
 *
 * @param model the model
 * @param sampler how
 * @param count how many, at least 1
 * @param firstSeed the seed of image 0
 * @param batchSize images of a graph call, which is also what an interruption loses
 * @param format of the files
 * @param conditions what images show, in turn: image i that of i mod their number; at least one
 */
public record BulkGeneration(
    SamplingModel model,
    Sampler sampler,
    long count,
    long firstSeed,
    int batchSize,
    BulkFormat format,
    List<Condition> conditions) {
  /** How long a process that joins parts may show no life, on a slow shared disk. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Hears of finished batches. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param images how many more images of the shard are there
     */
    void made(int images);
  }

  /**
   * How far a folder is.
   *
   * @param shard images of the shard, all of which are there
   * @param isComplete whether those of all shards are there
   */
  public record Outcome(long shard, boolean isComplete) {}

  /**
   * @throws IllegalArgumentException if a number is too small, the seeds end or the model has no
   *     such class
   */
  public BulkGeneration {
    if (count < 1 || batchSize < 1) {
      throw new IllegalArgumentException(
          "count and batch size must be 1 or more, are " + count + " and " + batchSize);
    }
    if (firstSeed > Long.MAX_VALUE - count) {
      throw new IllegalArgumentException(
          "the seed is too large for " + count + " images: " + firstSeed);
    }
    conditions = List.copyOf(conditions);
    conditions.forEach(condition -> condition.requireFits(model.spec().unet()));
  }

  /** Images that may show anything. */
  public BulkGeneration(
      SamplingModel model,
      Sampler sampler,
      long count,
      long firstSeed,
      int batchSize,
      BulkFormat format) {
    this(model, sampler, count, firstSeed, batchSize, format, List.of(Condition.NONE));
  }

  /** How many images a shard makes. */
  public long images(Shard shard) {
    long parts = (count + batchSize - 1) / batchSize;
    return Math.min(count, shard.end(parts) * batchSize)
        - Math.min(count, shard.first(parts) * batchSize);
  }

  /**
   * Makes what a shard lacks.
   *
   * @param root the folder, which shards may share
   * @throws IllegalArgumentException if the folder holds images of other settings
   * @throws IOException if it cannot be read or written
   */
  public Outcome run(Path root, Shard shard, Listener listener) throws IOException {
    ModelSpec spec = model.spec();
    StepTable table = sampler.table(NoiseSchedule.of(spec.schedule()), spec.prediction());
    Files.createDirectories(root);
    SettingsFile.require(root.resolve("generate.json"), settings(spec));
    BulkFolder folder =
        new BulkFolder(
            root,
            format,
            count,
            batchSize,
            spec.unet().height(),
            spec.unet().width(),
            spec.unet().imageChannels());
    ImageBatches batches = new ImageBatches(model, batchSize, conditions);
    for (long part = shard.first(folder.parts()); part < shard.end(folder.parts()); part++) {
      int size = folder.size(part);
      if (!folder.has(part)) {
        List<float[]> images =
            batches.sample(table, firstSeed, part * batchSize, size, calls -> {});
        folder.write(part, images.stream().map(ImageGrid::pixels).toList());
      }
      listener.made(size);
    }
    folder.finish(PATIENCE);
    return new Outcome(images(shard), folder.done() == folder.parts());
  }

  private Map<String, Object> settings(ModelSpec spec) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("weights_digest", spec.weightsDigest());
    settings.put("sampler", sampler.toString());
    settings.put("count", count);
    settings.put("first_seed", firstSeed);
    settings.put("batch_size", batchSize);
    settings.put("format", format.name());
    if (!conditions.equals(List.of(Condition.NONE))) {
      settings.put("labels", conditions.stream().map(Condition::label).toList());
      settings.put("guidance", conditions.stream().map(Condition::guidance).toList());
    }
    return settings;
  }
}
