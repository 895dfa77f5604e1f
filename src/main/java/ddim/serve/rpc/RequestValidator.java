package ddim.serve.rpc;

import com.google.protobuf.ByteString;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.Violation;
import ddim.nn.UNetConfig;
import ddim.serve.call.CallRecord;
import ddim.serve.error.InvalidRequestException;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.v1.Encoding;
import ddim.v1.ModelRef;
import ddim.v1.SamplerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Checks one request: every method notes what is wrong with a part of it, {@link #accept} says all
 * of it at once.
 *
 * <p>The model comes first: the other parts are checked against it. Where there is none they are
 * checked as far as one can.
 */
final class RequestValidator {
  /** What a trajectory is for. */
  enum Use {
    /** From noise to an image. */
    SAMPLE,
    /** From an image to its latent, and perhaps back. */
    ENCODE
  }

  private static final NoiseSchedule UNKNOWN_SCHEDULE =
      NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  private final ModelRepository models;
  private final MessageLimits limits;
  private final Caller caller;
  private final Problems problems = new Problems();
  private @Nullable Lease lease;
  private @Nullable UnknownModelException unknownModel;

  /** Checks the caller's priority first. */
  RequestValidator(ModelRepository models, MessageLimits limits, Caller caller) {
    this.models = models;
    this.limits = limits;
    this.caller = caller;
    int levels = models.options().priorityLevels();
    problems.rule(
        caller.priority() >= 0 && caller.priority() <= levels,
        "priority",
        "priority must be from 1, the most urgent, to "
            + levels
            + ", or absent, is "
            + caller.priority());
  }

  /** Who asks. */
  Caller caller() {
    return caller;
  }

  /** Where other checks note what is wrong. */
  Problems problems() {
    return problems;
  }

  void model(ModelRef model) {
    if (model.getName().isEmpty()) {
      problems.add("model.name", "model.name is required");
      return;
    }
    try {
      lease =
          models.acquire(
              model.getName(),
              model.hasVersion() ? OptionalLong.of(model.getVersion()) : OptionalLong.empty());
      CallRecord.current().uses(lease.name(), lease.version());
    } catch (UnknownModelException e) {
      unknownModel = e;
    }
  }

  /** Checks how many images there will be; {@code what} fills "... must be at least 1". */
  void count(long count, String field, String what) {
    problems.rule(count >= 1, field, what + " must be at least 1, is " + count);
    if (lease != null) {
      int most = limits.maxImages(lease.spec());
      problems.rule(count <= most, field, what + " must be at most " + most + ", is " + count);
    }
  }

  /** How many classes the model knows; -1 if there is no model. */
  int classes() {
    return lease == null ? -1 : lease.spec().unet().classes();
  }

  /** The encoding that is meant by a number of the wire. */
  Encoding encoding(int number, String field) {
    Encoding encoding = Encoding.forNumber(number);
    problems.rule(
        encoding != null,
        field,
        field + " must be ENCODING_PNG or ENCODING_RAW_FLOAT32, is " + number);
    Encoding meant =
        encoding == null || encoding == Encoding.ENCODING_UNSPECIFIED
            ? Encoding.ENCODING_PNG
            : encoding;
    if (lease != null && encoding != null && meant == Encoding.ENCODING_PNG) {
      int channels = lease.spec().unet().imageChannels();
      problems.rule(
          ImageCodec.hasPng(channels),
          field,
          "%s must be ENCODING_RAW_FLOAT32 for images of %d channels, is %s"
              .formatted(field, channels, meant));
    }
    return meant;
  }

  /**
   * How the trajectories go.
   *
   * @param steps absent as null
   * @param eta absent as null
   * @return usable once accepted
   */
  Sampler sampler(SamplerOptions options, @Nullable Integer steps, @Nullable Double eta, Use use) {
    NoiseSchedule schedule = lease == null ? UNKNOWN_SCHEDULE : lease.schedule();
    Prediction prediction = lease == null ? Prediction.EPS : lease.spec().prediction();
    Integer checkable = steps;
    if (lease == null && steps != null) {
      checkable = Math.min(steps, schedule.trainSteps());
    }
    Sampler sampler =
        new SamplerReader(options, problems).read(schedule.trainSteps(), checkable, eta);
    List<Violation> violations =
        use == Use.ENCODE
            ? sampler.encodeViolations(schedule, prediction)
            : sampler.violations(schedule, prediction);
    violations.forEach(violation -> problems.add(path(violation.field()), violation.message()));
    return sampler;
  }

  /** Notes what is wrong with a sampler's number of steps, which is in {@code field}. */
  void steps(Sampler sampler, String field) {
    NoiseSchedule schedule = lease == null ? UNKNOWN_SCHEDULE : lease.schedule();
    Prediction prediction = lease == null ? Prediction.EPS : lease.spec().prediction();
    sampler.violations(schedule, prediction).stream()
        .filter(violation -> violation.field().equals("steps"))
        .forEach(
            violation -> problems.add(field, violation.message().replaceFirst("^steps", field)));
  }

  /**
   * The pixels of images, or the numbers of latents.
   *
   * @param field the field that holds them
   * @param encoding as {@link #encoding} gave it
   * @return usable once accepted
   */
  List<float[]> images(List<ByteString> images, String field, Encoding encoding) {
    count(images.size(), field, "the number of " + field);
    List<float[]> pixels = new ArrayList<>();
    if (lease == null || images.size() > limits.maxImages(lease.spec())) {
      return pixels;
    }
    for (int i = 0; i < images.size() && !problems.isFull(); i++) {
      image(images.get(i), field + "[" + i + "]", encoding).ifPresent(pixels::add);
    }
    return pixels;
  }

  /** The pixels of an image, or the numbers of a latent; empty if it is not one, or no model. */
  Optional<float[]> image(ByteString bytes, String field, Encoding encoding) {
    if (lease == null) {
      return Optional.empty();
    }
    UNetConfig shape = lease.spec().unet();
    try {
      return Optional.of(
          encoding == Encoding.ENCODING_PNG
              ? ImageCodec.fromPng(bytes, shape)
              : ImageCodec.fromRaw(bytes, shape));
    } catch (IllegalArgumentException e) {
      problems.add(field, field + " " + e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * The model, if nothing is wrong; to be closed by the caller.
   *
   * @throws InvalidRequestException with what is wrong
   * @throws UnknownModelException if nothing else is wrong
   */
  Lease accept() {
    if (lease != null && problems.isEmpty()) {
      return lease;
    }
    if (unknownModel != null && problems.isEmpty()) {
      throw unknownModel;
    }
    if (unknownModel != null) {
      problems.add("model", String.valueOf(unknownModel.getMessage()));
    }
    throw new InvalidRequestException(problems.found());
  }

  /** Gives the model back, if there is one. */
  void abandon() {
    if (lease != null) {
      lease.close();
    }
  }

  /** Where a sampling option is in a request. */
  private static String path(String option) {
    return switch (option) {
      case "steps", "eta" -> option;
      case "prediction" -> "model";
      default -> "sampler." + option;
    };
  }
}
