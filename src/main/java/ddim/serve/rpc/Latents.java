package ddim.serve.rpc;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.serve.batch.Row;
import ddim.serve.repository.Lease;
import ddim.serve.rpc.RequestValidator.Use;
import ddim.v1.DecodeRequest;
import ddim.v1.DecodeResponse;
import ddim.v1.EncodeRequest;
import ddim.v1.EncodeResponse;
import ddim.v1.Encoding;
import ddim.v1.ReconstructRequest;
import ddim.v1.ReconstructResponse;
import java.util.List;
import java.util.stream.IntStream;

/** Images to latents, latents to images, and both. */
final class Latents {
  private Latents() {}

  static Command<EncodeResponse> encode(EncodeRequest request, RequestValidator check) {
    check.model(request.getModel());
    Encoding encoding = check.encoding(request.getImagesEncodingValue(), "images_encoding");
    List<float[]> images = check.images(request.getImagesList(), "images", encoding);
    Integer steps = request.hasSteps() ? request.getSteps() : null;
    Sampler sampler = check.sampler(request.getSampler(), steps, null, Use.ENCODE);
    Lease lease = check.accept();
    StepTable table = sampler.encodeTable(lease.schedule(), lease.spec().prediction());
    Recipe recipe = new Recipe(lease, sampler, table.length(), encoding);
    List<Row> rows = images.stream().map(image -> new Row(0, image, table)).toList();
    return new Command<>(
        lease,
        call ->
            call.compute(
                rows,
                latents ->
                    EncodeResponse.newBuilder()
                        .addAllLatents(latents.stream().map(ImageCodec::raw).toList())
                        .setModel(recipe.model())
                        .setShape(recipe.shape())
                        .setSteps(table.length())
                        .setSolver(WireEnums.solver(sampler.solver()))
                        .build()));
  }

  static Command<DecodeResponse> decode(DecodeRequest request, RequestValidator check) {
    check.model(request.getModel());
    List<float[]> latents =
        check.images(request.getLatentsList(), "latents", Encoding.ENCODING_RAW_FLOAT32);
    Encoding encoding = check.encoding(request.getEncodingValue(), "encoding");
    Integer steps = request.hasSteps() ? request.getSteps() : null;
    Double eta = request.hasEta() ? request.getEta() : null;
    Sampler sampler = check.sampler(request.getSampler(), steps, eta, Use.SAMPLE);
    checkSeeds(request, check.problems());
    Lease lease = check.accept();
    StepTable table = sampler.table(lease.schedule(), lease.spec().prediction());
    Recipe recipe = new Recipe(lease, sampler, table.length(), encoding);
    long[] seeds = seeds(request);
    List<Row> rows =
        IntStream.range(0, seeds.length)
            .mapToObj(i -> new Row(seeds[i], latents.get(i), table))
            .toList();
    return new Command<>(
        lease,
        call ->
            call.compute(
                rows,
                images ->
                    DecodeResponse.newBuilder()
                        .addAllImages(recipe.images(images, seeds))
                        .setModel(recipe.model())
                        .setShape(recipe.shape())
                        .build()));
  }

  static Command<ReconstructResponse> reconstruct(
      ReconstructRequest request, RequestValidator check) {
    check.model(request.getModel());
    Encoding given = check.encoding(request.getImagesEncodingValue(), "images_encoding");
    List<float[]> originals = check.images(request.getImagesList(), "images", given);
    Encoding encoding = check.encoding(request.getEncodingValue(), "encoding");
    Integer steps = request.hasSteps() ? request.getSteps() : null;
    Sampler sampler = check.sampler(request.getSampler(), steps, null, Use.ENCODE);
    Lease lease = check.accept();
    NoiseSchedule schedule = lease.schedule();
    Prediction prediction = lease.spec().prediction();
    StepTable there = sampler.encodeTable(schedule, prediction);
    StepTable back = sampler.table(schedule, prediction);
    Recipe recipe = new Recipe(lease, sampler, there.length() + back.length(), encoding);
    List<Row> rows =
        originals.stream()
            .map(image -> new Row(0, image, List.of(there, back), List.of()))
            .toList();
    return new Command<>(
        lease, call -> call.compute(rows, images -> reconstructed(recipe, originals, images)));
  }

  private static ReconstructResponse reconstructed(
      Recipe recipe, List<float[]> originals, List<float[]> images) {
    ReconstructResponse.Builder response =
        ReconstructResponse.newBuilder()
            .addAllImages(recipe.images(images, new long[images.size()]))
            .setModel(recipe.model())
            .setShape(recipe.shape());
    for (int i = 0; i < images.size(); i++) {
      response.addMeanSquaredErrors(meanSquaredError(originals.get(i), images.get(i)));
    }
    return response.build();
  }

  /** Of a number, on the scale where pixels are from 0 to 1: a quarter of that in [-1, 1]. */
  static double meanSquaredError(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = ((double) a[i] - b[i]) / 2;
      sum += difference * difference;
    }
    return sum / a.length;
  }

  private static void checkSeeds(DecodeRequest request, Problems problems) {
    int seeds = request.getSeedsCount();
    int latents = request.getLatentsCount();
    problems.rule(
        seeds == 0 || seeds == latents,
        "seeds",
        "seeds must be absent or one a latent, are " + seeds + " for " + latents + " latents");
  }

  private static long[] seeds(DecodeRequest request) {
    return request.getSeedsCount() == 0
        ? new long[request.getLatentsCount()]
        : request.getSeedsList().stream().mapToLong(seed -> seed).toArray();
  }
}
