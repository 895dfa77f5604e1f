package ddim.cli.bench;

import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.Solver;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.SamplingModel;
import ddim.nn.UNetConfig;
import ddim.serve.batch.BatchCounters;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Job;
import ddim.serve.batch.Row;
import ddim.serve.batch.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Whether a row's image depends on its company: rows of many recipes are computed alone, and then
 * in random batches, in which they differ in their mates, their place, the padding, and where they
 * join and leave.
 *
 * @param rows the images that were compared
 * @param equal those that had the same bytes, as float32, as alone
 * @param equalPixels those that had the same bytes as 8-bit pixels
 * @param largestDifference between two numbers, where images are in [-1, 1]
 * @param counters of the graph calls that computed them
 * @param time of the compositions
 */
record SeedProof(
    long rows,
    long equal,
    long equalPixels,
    double largestDifference,
    BatchCounters counters,
    Duration time) {
  private static final int RECIPES = 48;
  private static final float GUIDANCE = 3;
  private static final Duration WINDOW = Duration.ofMillis(1);

  /**
   * Compares.
   *
   * @param options how rows become batches
   * @param compositions how many random batches
   * @param maxSteps rows have from 1 to so many steps
   * @param seed of the random choices
   */
  static SeedProof run(
      SamplingModel model,
      BatcherOptions options,
      int compositions,
      int maxSteps,
      long seed,
      TimeSource time) {
    Random random = new Random(seed);
    List<Row> recipes = new ArrayList<>();
    for (int i = 0; i < RECIPES; i++) {
      recipes.add(recipe(model, options, random, maxSteps));
    }
    try (Batcher batcher = Batcher.start("seeds", model, options.withBatchTimeout(WINDOW), time)) {
      List<float[]> alone = new ArrayList<>();
      recipes.forEach(row -> alone.add(batcher.submit(List.of(row), null).result().join().get(0)));
      BatchCounters before = batcher.counters();
      long begin = time.nanoTime();
      Comparison comparison = new Comparison();
      for (int i = 0; i < compositions; i++) {
        compare(batcher, recipes, alone, random, comparison);
      }
      Duration took = Duration.ofNanos(time.nanoTime() - begin);
      BatchCounters after = batcher.counters();
      return new SeedProof(
          comparison.rows,
          comparison.equal,
          comparison.equalPixels,
          comparison.largest,
          new BatchCounters(
              after.calls() - before.calls(),
              after.steps() - before.steps(),
              after.computed() - before.computed()),
          took);
    }
  }

  private static Row recipe(
      SamplingModel model, BatcherOptions options, Random random, int maxSteps) {
    long seed = random.nextLong();
    StepTable table = table(model, random, maxSteps);
    Condition condition = condition(model.spec().unet(), options, random);
    return new Row(seed, null, null, List.of(table), List.of(), condition);
  }

  /** Any kind that the model knows; guided rows where a batch has the two places for one. */
  private static Condition condition(UNetConfig unet, BatcherOptions options, Random random) {
    if (unet.classes() == 0) {
      return Condition.NONE;
    }
    int label = random.nextInt(unet.classes());
    return switch (random.nextInt(options.maxBatchSize() == 1 ? 2 : 4)) {
      case 0 -> Condition.NONE;
      case 1 -> new Condition(label, 1);
      default -> new Condition(label, GUIDANCE);
    };
  }

  private static StepTable table(SamplingModel model, Random random, int maxSteps) {
    int steps = 1 + random.nextInt(maxSteps);
    Sampler sampler =
        switch (random.nextInt(5)) {
          case 0 -> Sampler.ddim(steps, 1);
          case 1 -> Preset.DDIM.builder(steps).solver(Solver.IPNDM).build();
          case 2 -> Preset.DDIM.builder(steps).solver(Solver.DPM_SOLVER_PP_2M).build();
          case 3 -> Preset.DDIM.builder(steps).solver(Solver.DEIS).build();
          default -> Sampler.ddim(steps, 0);
        };
    return BenchModel.table(sampler, model);
  }

  /** One composition: up to twice as many rows as a batch holds, in jobs of 1 to 4 rows. */
  private static void compare(
      Batcher batcher,
      List<Row> recipes,
      List<float[]> alone,
      Random random,
      Comparison comparison) {
    int rows = 1 + random.nextInt(2 * batcher.calibration().options().maxBatchSize());
    List<Job> jobs = new ArrayList<>();
    List<int[]> chosen = new ArrayList<>();
    for (int left = rows; left > 0; ) {
      int[] some = random.ints(Math.min(left, 1 + random.nextInt(4)), 0, RECIPES).toArray();
      chosen.add(some);
      jobs.add(batcher.submit(Arrays.stream(some).mapToObj(recipes::get).toList(), null));
      left -= some.length;
    }
    for (int job = 0; job < jobs.size(); job++) {
      List<float[]> images = jobs.get(job).result().join();
      for (int i = 0; i < images.size(); i++) {
        comparison.add(images.get(i), alone.get(chosen.get(job)[i]));
      }
    }
  }

  /** What has been compared so far. */
  private static final class Comparison {
    private long rows;
    private long equal;
    private long equalPixels;
    private double largest;

    void add(float[] image, float[] other) {
      boolean same = true;
      boolean samePixels = true;
      for (int i = 0; i < image.length; i++) {
        same &= Float.floatToRawIntBits(image[i]) == Float.floatToRawIntBits(other[i]);
        samePixels &= pixel(image[i]) == pixel(other[i]);
        largest = Math.max(largest, Math.abs(image[i] - (double) other[i]));
      }
      rows++;
      equal += same ? 1 : 0;
      equalPixels += samePixels ? 1 : 0;
    }

    private static int pixel(float value) {
      return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5f)));
    }
  }
}
