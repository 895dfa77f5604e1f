package ddim.serve;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.Violation;
import ddim.serve.repository.Lease;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.UnknownModelException;
import ddim.v1.Encoding;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Turns one request into a command, or says all that is wrong with it at once. */
final class RequestValidator {
  private static final NoiseSchedule UNKNOWN_SCHEDULE =
      NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  private final ModelRepository models;
  private final MessageLimits limits;
  private final List<Violation> violations = new ArrayList<>();
  private @Nullable UnknownModelException unknownModel;

  RequestValidator(ModelRepository models, MessageLimits limits) {
    this.models = models;
    this.limits = limits;
  }

  /**
   * Checks a request for samples.
   *
   * @return its lease is to be closed
   * @throws InvalidRequestException with every violation
   * @throws UnknownModelException if nothing else is wrong
   */
  SampleCommand sample(SampleRequest request) {
    Lease lease = acquire(request.getModel());
    try {
      checkCount(request, lease);
      Encoding encoding = encoding(request.getEncoding(), lease);
      Sampler sampler = sampler(request, lease);
      if (lease == null || !violations.isEmpty()) {
        throw refusal();
      }
      return new SampleCommand(lease, seeds(request), sampler, encoding);
    } catch (RuntimeException e) {
      if (lease != null) {
        lease.close();
      }
      throw e;
    }
  }

  private @Nullable Lease acquire(ModelRef model) {
    if (model.getName().isEmpty()) {
      violate("model.name", "model.name is required");
      return null;
    }
    try {
      return models.acquire(
          model.getName(),
          model.hasVersion() ? OptionalLong.of(model.getVersion()) : OptionalLong.empty());
    } catch (UnknownModelException e) {
      unknownModel = e;
      return null;
    }
  }

  private void checkCount(SampleRequest request, @Nullable Lease lease) {
    int seeds = request.getSeedsCount();
    int count = request.getCount();
    if (seeds > 0) {
      rule(count == 0, "count", "count must be absent when seeds are given, is " + count);
      rule(
          request.getFirstSeed() == 0,
          "first_seed",
          "first_seed must be absent when seeds are given, is " + request.getFirstSeed());
    } else {
      rule(count >= 1, "count", "count must be at least 1 when no seeds are given, is " + count);
    }
    if (lease != null) {
      int most = limits.maxImages(lease.spec());
      rule(count <= most, "count", "count must be at most " + most + ", is " + count);
      rule(seeds <= most, "seeds", "seeds must be at most " + most + ", are " + seeds);
    }
  }

  private Encoding encoding(Encoding encoding, @Nullable Lease lease) {
    rule(
        encoding != Encoding.UNRECOGNIZED,
        "encoding",
        "encoding must be ENCODING_PNG or ENCODING_RAW_FLOAT32");
    Encoding chosen = encoding == Encoding.ENCODING_UNSPECIFIED ? Encoding.ENCODING_PNG : encoding;
    if (lease != null && chosen == Encoding.ENCODING_PNG) {
      int channels = lease.spec().unet().imageChannels();
      rule(
          ImageCodec.hasPng(channels),
          "encoding",
          "encoding must be ENCODING_RAW_FLOAT32 for images of " + channels + " channels");
    }
    return chosen;
  }

  /** What the options mean; without a model they are checked as far as one can. */
  private Sampler sampler(SampleRequest request, @Nullable Lease lease) {
    NoiseSchedule schedule = lease == null ? UNKNOWN_SCHEDULE : lease.schedule();
    Sampler.Builder options = Preset.DDIM.defaultBuilder(schedule.trainSteps());
    if (request.hasSteps()) {
      int steps = request.getSteps();
      options.steps(lease == null ? Math.min(steps, schedule.trainSteps()) : steps);
    }
    Sampler sampler = options.eta(request.getEta()).build();
    Prediction prediction = lease == null ? Prediction.EPS : lease.spec().prediction();
    violations.addAll(sampler.violations(schedule, prediction));
    return sampler;
  }

  private static long[] seeds(SampleRequest request) {
    if (request.getSeedsCount() > 0) {
      return request.getSeedsList().stream().mapToLong(seed -> seed).toArray();
    }
    return LongStream.range(0, request.getCount()).map(i -> request.getFirstSeed() + i).toArray();
  }

  private RuntimeException refusal() {
    if (unknownModel != null && violations.isEmpty()) {
      return unknownModel;
    }
    if (unknownModel != null) {
      violate("model", String.valueOf(unknownModel.getMessage()));
    }
    return new InvalidRequestException(violations);
  }

  private void rule(boolean holds, String field, String message) {
    if (!holds) {
      violate(field, message);
    }
  }

  private void violate(String field, String message) {
    violations.add(new Violation(field, message));
  }
}
