package ddim.serve.batch;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.ModelFormatException;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import ddim.model.Trajectory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a model's first graph calls have shown: that it works, and how long a step takes at each
 * batch size.
 *
 * @param options with the batch sizes that are used
 * @param stepTimes of a step of a whole batch at each size that was measured, ascending
 */
public record Calibration(BatcherOptions options, Map<Integer, Duration> stepTimes) {
  private static final Logger log = LoggerFactory.getLogger(Calibration.class);
  private static final int STEPS = 2;
  private static final int SWEEP_REPETITIONS = 2;

  /** A size must give so much more throughput than every smaller one to be worth its latency. */
  private static final double GROWTH = 1.05;

  /** The sweep ends after so many sizes without growth: one may have met a busy machine. */
  private static final int MOST_WITHOUT_GROWTH = 2;

  public Calibration {
    stepTimes = Collections.unmodifiableMap(new TreeMap<>(stepTimes));
  }

  /** Of a model that has not been asked. */
  public static Calibration unmeasured(BatcherOptions options) {
    return new Calibration(options, Map.of());
  }

  /** As the other, of a model that has the device alone. */
  public static Calibration measure(SamplingModel model, BatcherOptions options, TimeSource time) {
    return measure(model, options, time, new DeviceTurns());
  }

  /**
   * Makes the model's first calls, which are slow, at every batch size that will be used, so that
   * no client has to; and with {@link BatcherOptions#sweep} chooses these sizes.
   *
   * @param device of the model; others may use it between two calls
   * @throws ModelFormatException if the model computes numbers that are not finite
   */
  public static Calibration measure(
      SamplingModel model, BatcherOptions options, TimeSource time, DeviceTurns device) {
    Map<Integer, Duration> times = new TreeMap<>();
    double best = 0;
    int withoutGrowth = 0;
    for (int size : sizes(model, options)) {
      Duration step;
      try {
        step = stepTime(model, size, options.sweep() ? SWEEP_REPETITIONS : 1, time, device);
      } catch (ModelFormatException e) {
        throw e;
      } catch (RuntimeException e) { // such as no memory for so many rows
        if (!options.sweep() || times.isEmpty()) {
          throw e;
        }
        log.warn("batches of {} fail: {}", size, e.getMessage());
        break;
      }
      times.put(size, step);
      withoutGrowth = rate(size, step) > GROWTH * best ? 0 : withoutGrowth + 1;
      best = Math.max(best, rate(size, step));
      if (options.sweep() && withoutGrowth == MOST_WITHOUT_GROWTH) {
        break;
      }
    }
    return new Calibration(options.sweep() ? options.cappedAt(cap(times)) : options, times);
  }

  /** All that will be used; a guided row needs two places even if a batch has but one. */
  private static List<Integer> sizes(SamplingModel model, BatcherOptions options) {
    int most = Condition.mostPlaces(model.spec().unet());
    return most > options.maxBatchSize()
        ? List.of(options.maxBatchSize(), most)
        : options.allowedBatchSizes();
  }

  /** The smallest size that has nearly the throughput of the best. */
  private static int cap(Map<Integer, Duration> times) {
    double best =
        times.entrySet().stream()
            .mapToDouble(one -> rate(one.getKey(), one.getValue()))
            .max()
            .orElseThrow();
    return times.entrySet().stream()
        .filter(one -> GROWTH * rate(one.getKey(), one.getValue()) >= best)
        .mapToInt(Map.Entry::getKey)
        .min()
        .orElseThrow();
  }

  /** Rows a nanosecond. */
  private static double rate(int size, Duration step) {
    return size / (double) Math.max(1, step.toNanos());
  }

  /** The shortest of several measurements, after one call that is not counted. */
  private static Duration stepTime(
      SamplingModel model, int size, int repetitions, TimeSource time, DeviceTurns device) {
    ModelSpec spec = model.spec();
    NoiseSchedule schedule = NoiseSchedule.of(spec.schedule());
    int steps = Math.min(STEPS, schedule.trainSteps());
    StepTable table = Sampler.ddim(steps, 1).table(schedule, spec.prediction());
    float[][] latents;
    try (DeviceTurns.Turn turn = device.take()) {
      latents = model.latents(new long[size]);
    }
    long shortest = Long.MAX_VALUE;
    for (int repetition = -1; repetition < repetitions; repetition++) {
      List<Trajectory> rows = new ArrayList<>();
      for (float[] latent : latents) {
        rows.add(new Trajectory(0, latent, table));
      }
      try (DeviceTurns.Turn turn = device.take()) {
        long begin = time.nanoTime();
        model.advance(rows, steps, size, null);
        if (repetition >= 0) {
          shortest = Math.min(shortest, time.nanoTime() - begin);
        }
      }
      requireFinite(rows.get(0).x());
    }
    return Duration.ofNanos(shortest / steps);
  }

  private static void requireFinite(float[] image) {
    for (float pixel : image) {
      if (!Float.isFinite(pixel)) {
        throw new ModelFormatException("the model computes pixels that are not finite: " + pixel);
      }
    }
  }
}
