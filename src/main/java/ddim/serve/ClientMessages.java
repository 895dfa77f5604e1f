package ddim.serve;

import ddim.diffusion.Clipping;
import ddim.diffusion.Sampler;
import ddim.serve.SamplingClient.End;
import ddim.serve.SamplingClient.Model;
import ddim.serve.SamplingClient.Picture;
import ddim.serve.SamplingClient.Pictures;
import ddim.serve.SamplingClient.Query;
import ddim.serve.SamplingClient.Reconstructions;
import ddim.serve.SamplingClient.Watcher;
import ddim.serve.rpc.ImageCodec;
import ddim.serve.rpc.WireEnums;
import ddim.v1.DecodeRequest;
import ddim.v1.DecodeResponse;
import ddim.v1.EncodeRequest;
import ddim.v1.Encoding;
import ddim.v1.Image;
import ddim.v1.ImageShape;
import ddim.v1.InterpolateRequest;
import ddim.v1.InterpolateResponse;
import ddim.v1.LatentSource;
import ddim.v1.ModelInfo;
import ddim.v1.ModelRef;
import ddim.v1.Preset;
import ddim.v1.ReconstructRequest;
import ddim.v1.ReconstructResponse;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SampleStreamResponse;
import ddim.v1.SamplerOptions;
import ddim.v1.Started;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** The client's records as messages, and back. */
final class ClientMessages {
  private static final Encoding RAW = Encoding.ENCODING_RAW_FLOAT32;

  private ClientMessages() {}

  static SampleRequest sample(Query query, Encoding encoding) {
    SampleRequest.Builder request =
        SampleRequest.newBuilder()
            .setModel(ref(query))
            .addAllSeeds(query.seeds())
            .setEncoding(encoding)
            .addAllClassLabels(query.wanted().labels());
    query.wanted().guidance().ifPresent(request::setGuidance);
    steps(query).ifPresent(request::setSteps);
    eta(query).ifPresent(request::setEta);
    query.sampler().ifPresent(sampler -> request.setSampler(options(sampler)));
    query
        .auto()
        .ifPresent(
            range ->
                request
                    .clearSteps()
                    .getAutoStepsBuilder()
                    .setLeast(range.least())
                    .setMost(range.most()));
    return request.setPriority(query.handling().priority()).build();
  }

  static SampleStreamRequest stream(Query query, List<Integer> previewAfter) {
    return SampleStreamRequest.newBuilder()
        .setSample(sample(query, RAW))
        .addAllPreviewAfter(previewAfter)
        .setPreviewNoisy(true)
        .build();
  }

  static EncodeRequest encode(Query query, List<float[]> images) {
    EncodeRequest.Builder request =
        EncodeRequest.newBuilder()
            .setModel(ref(query))
            .addAllImages(images.stream().map(ImageCodec::raw).toList())
            .setImagesEncoding(RAW);
    steps(query).ifPresent(request::setSteps);
    query.sampler().ifPresent(sampler -> request.setSampler(options(sampler)));
    return request.setPriority(query.handling().priority()).build();
  }

  static DecodeRequest decode(Query query, List<float[]> latents) {
    DecodeRequest.Builder request =
        DecodeRequest.newBuilder()
            .setModel(ref(query))
            .addAllLatents(latents.stream().map(ImageCodec::raw).toList())
            .addAllSeeds(query.seeds())
            .setEncoding(RAW);
    steps(query).ifPresent(request::setSteps);
    eta(query).ifPresent(request::setEta);
    query.sampler().ifPresent(sampler -> request.setSampler(options(sampler)));
    return request.setPriority(query.handling().priority()).build();
  }

  static ReconstructRequest reconstruct(Query query, List<float[]> images) {
    ReconstructRequest.Builder request =
        ReconstructRequest.newBuilder()
            .setModel(ref(query))
            .addAllImages(images.stream().map(ImageCodec::raw).toList())
            .setImagesEncoding(RAW)
            .setEncoding(RAW);
    steps(query).ifPresent(request::setSteps);
    query.sampler().ifPresent(sampler -> request.setSampler(options(sampler)));
    return request.setPriority(query.handling().priority()).build();
  }

  static InterpolateRequest interpolate(Query query, List<End> ends, int rows, int columns) {
    InterpolateRequest.Builder request =
        InterpolateRequest.newBuilder()
            .setModel(ref(query))
            .addAllEnds(ends.stream().map(ClientMessages::source).toList())
            .setImagesEncoding(RAW)
            .setColumns(columns)
            .setRows(rows == 1 ? 0 : rows)
            .setEncoding(RAW);
    steps(query).ifPresent(request::setSteps);
    query.sampler().ifPresent(sampler -> request.setSampler(options(sampler)));
    return request.setPriority(query.handling().priority()).build();
  }

  private static LatentSource source(End end) {
    LatentSource.Builder source = LatentSource.newBuilder();
    if (end instanceof End.Seed seed) {
      source.setSeed(seed.seed());
    } else if (end instanceof End.Latent latent) {
      source.setLatent(ImageCodec.raw(latent.latent()));
    } else if (end instanceof End.Picture picture) {
      source.setImage(ImageCodec.raw(picture.image()));
    }
    return source.build();
  }

  private static ModelRef ref(Query query) {
    ModelRef.Builder model = ModelRef.newBuilder().setName(query.model());
    query.version().ifPresent(model::setVersion);
    return model.build();
  }

  private static OptionalInt steps(Query query) {
    Optional<Sampler> exact = query.sampler().filter(sampler -> sampler.timesteps().isEmpty());
    return exact.isPresent() ? OptionalInt.of(exact.get().steps()) : query.steps();
  }

  private static OptionalDouble eta(Query query) {
    return query.sampler().isPresent()
        ? OptionalDouble.of(query.sampler().get().eta())
        : query.eta();
  }

  /** Every option, whatever the presets are. */
  private static SamplerOptions options(Sampler sampler) {
    Clipping clipping = sampler.clipping();
    return SamplerOptions.newBuilder()
        .setPreset(Preset.PRESET_DDIM)
        .setSolver(WireEnums.solver(sampler.solver()))
        .setOrder(sampler.order())
        .setSpacing(WireEnums.spacing(sampler.spacing()))
        .setOffset(sampler.offset())
        .addAllTimesteps(sampler.timesteps())
        .setSigmaHat(sampler.sigmaHat())
        .setClipping(
            ddim.v1.Clipping.newBuilder()
                .setRange(clipping.range())
                .setQuantile(clipping.quantile()))
        .setRederiveEps(sampler.rederiveEps())
        .setFinalAlphaBar(WireEnums.finalAlphaBar(sampler.finalAlphaBar()))
        .setInversion(WireEnums.inversion(sampler.inversion()))
        .build();
  }

  static <T> Pictures<T> pictures(SampleResponse response, Function<Image, T> pixels) {
    return pictures(response.getModel(), response.getShape(), response.getImagesList(), pixels);
  }

  static Pictures<float[]> pictures(DecodeResponse response) {
    return pictures(
        response.getModel(), response.getShape(), response.getImagesList(), ClientMessages::floats);
  }

  static Pictures<float[]> pictures(InterpolateResponse response) {
    return pictures(
        response.getModel(), response.getShape(), response.getImagesList(), ClientMessages::floats);
  }

  static Reconstructions reconstructions(ReconstructResponse response) {
    return new Reconstructions(
        pictures(
            response.getModel(),
            response.getShape(),
            response.getImagesList(),
            ClientMessages::floats),
        response.getMeanSquaredErrorsList());
  }

  /** Reads a stream to its end. */
  static Pictures<float[]> follow(Iterator<SampleStreamResponse> events, Watcher watcher) {
    Started started = Started.getDefaultInstance();
    SortedMap<Integer, Image> images = new TreeMap<>();
    while (events.hasNext()) {
      SampleStreamResponse event = events.next();
      switch (event.getEventCase()) {
        case STARTED -> started = event.getStarted();
        case PROGRESS ->
            watcher.progress(
                event.getProgress().getStepsTaken(), event.getProgress().getStepsInAll());
        case PREVIEW -> watcher.preview(event.getPreview().getIndex(), preview(event.getPreview()));
        case FINISHED -> images.put(event.getFinished().getIndex(), event.getFinished().getImage());
        case EVENT_NOT_SET -> {} // of a newer server
      }
    }
    return pictures(
        started.getModel(),
        started.getShape(),
        List.copyOf(images.values()),
        ClientMessages::floats);
  }

  private static SamplingClient.Preview preview(ddim.v1.Preview preview) {
    return new SamplingClient.Preview(
        ImageCodec.fromRaw(preview.getNoisy()),
        picture(preview.getImage(), ClientMessages::floats));
  }

  static float[] floats(Image image) {
    return ImageCodec.fromRaw(image.getData());
  }

  static byte[] bytes(Image image) {
    return image.getData().toByteArray();
  }

  static Model model(ModelInfo info) {
    return new Model(
        info.getModel().getName(),
        info.getModel().getVersion(),
        info.getShape().getHeight(),
        info.getShape().getWidth(),
        info.getShape().getChannels(),
        info.getTrainSteps(),
        info.getParameters(),
        info.getDataset(),
        info.getLicense(),
        info.getTrainingStep(),
        info.getMaxImages(),
        info.getClasses(),
        List.copyOf(info.getClassNamesList()));
  }

  private static <T> Pictures<T> pictures(
      ModelRef model, ImageShape shape, List<Image> images, Function<Image, T> pixels) {
    return new Pictures<>(
        model.getName(),
        model.getVersion(),
        shape.getHeight(),
        shape.getWidth(),
        shape.getChannels(),
        images.stream().map(image -> picture(image, pixels)).toList());
  }

  private static <T> Picture<T> picture(Image image, Function<Image, T> pixels) {
    return new Picture<>(
        pixels.apply(image),
        image.getSeed(),
        image.getSteps(),
        image.getEta(),
        WireEnums.name(image.getSolver()));
  }
}
