package ddim.serve.rpc;

import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.serve.batch.Demand;
import ddim.serve.batch.Row;
import ddim.serve.repository.Lease;
import ddim.v1.Encoding;
import ddim.v1.Image;
import ddim.v1.SampleRequest;
import ddim.v1.SampleResponse;
import ddim.v1.SampleStreamRequest;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Images from noise: a valid request.
 *
 * @param recipe how each is made
 * @param table its steps
 * @param seeds one an image
 * @param conditions one an image
 * @param stops after how many steps each is to be looked at
 * @param noisy whether who looks wants the noisy image too
 */
record Samples(
    Recipe recipe,
    StepTable table,
    long[] seeds,
    List<Condition> conditions,
    List<Integer> stops,
    boolean noisy) {
  private static final int MOST_STOPS = 20;

  static Command<SampleResponse> sample(SampleRequest request, RequestValidator check) {
    Samples samples = check(request, List.of(), false, check);
    Recipe recipe = samples.recipe;
    return new Command<>(
        recipe.lease(),
        call ->
            call.compute(
                samples.rows(),
                images ->
                    SampleResponse.newBuilder()
                        .addAllImages(samples.images(images))
                        .setModel(recipe.model())
                        .setShape(recipe.shape())
                        .build()));
  }

  /** Checks a request for a stream; its lease is to be closed. */
  static Samples stream(SampleStreamRequest request, RequestValidator check) {
    return check(
        request.getSample(), request.getPreviewAfterList(), request.getPreviewNoisy(), check);
  }

  List<Row> rows() {
    return IntStream.range(0, seeds.length)
        .mapToObj(i -> new Row(seeds[i], null, null, List.of(table), stops, conditions.get(i)))
        .toList();
  }

  /** An image that is ready, or on its way after fewer steps. */
  Image image(int index, float[] pixels, int stepsTaken) {
    return recipe.image(pixels, seeds[index], stepsTaken, conditions.get(index));
  }

  private List<Image> images(List<float[]> pixels) {
    return IntStream.range(0, seeds.length)
        .mapToObj(i -> image(i, pixels.get(i), recipe.steps()))
        .toList();
  }

  private static Samples check(
      SampleRequest request, List<Integer> stops, boolean noisy, RequestValidator check) {
    check.model(request.getModel());
    checkSeeds(request, check);
    Encoding encoding = check.encoding(request.getEncodingValue(), "encoding");
    Sampler sampler =
        check.sampler(
            request.getSampler(),
            request.hasSteps() ? request.getSteps() : null,
            request.hasEta() ? request.getEta() : null,
            RequestValidator.Use.SAMPLE);
    AutoSteps auto = new AutoSteps(request, sampler, check);
    int given = request.getSeedsCount();
    Conditions.check(
        request, given > 0 ? given : request.getCount(), check.classes(), check.problems());
    checkStops(stops, auto.fewestSteps(), check.problems());
    Lease lease = check.accept();
    long[] seeds = seeds(request);
    List<Condition> conditions = Conditions.of(request, seeds.length);
    sampler = auto.choose(lease, Demand.of(conditions), check.caller());
    StepTable table = sampler.table(lease.schedule(), lease.spec().prediction());
    return new Samples(
        new Recipe(lease, sampler, table.length(), encoding),
        table,
        seeds,
        conditions,
        stops,
        noisy);
  }

  private static void checkSeeds(SampleRequest request, RequestValidator check) {
    if (request.getSeedsCount() == 0) {
      check.count(request.getCount(), "count", "count");
      return;
    }
    check.count(request.getSeedsCount(), "seeds", "the number of seeds");
    check
        .problems()
        .rule(
            request.getCount() == 0,
            "count",
            "count must be absent when seeds are given, is " + request.getCount());
    check
        .problems()
        .rule(
            request.getFirstSeed() == 0,
            "first_seed",
            "first_seed must be absent when seeds are given, is " + request.getFirstSeed());
  }

  private static void checkStops(List<Integer> stops, int steps, Problems problems) {
    String field = "preview_after";
    problems.rule(
        stops.size() <= MOST_STOPS,
        field,
        "preview_after must be at most " + MOST_STOPS + " numbers, are " + stops.size());
    int before = 0;
    for (int stop : stops) {
      if (stop <= before || stop >= steps) {
        problems.add(
            field,
            "preview_after must rise from at least 1 to at most %d, one less than the steps, are %s"
                .formatted(steps - 1, stops.stream().limit(MOST_STOPS + 1L).toList()));
        return;
      }
      before = stop;
    }
  }

  private static long[] seeds(SampleRequest request) {
    if (request.getSeedsCount() > 0) {
      return request.getSeedsList().stream().mapToLong(seed -> seed).toArray();
    }
    return LongStream.range(0, request.getCount()).map(i -> request.getFirstSeed() + i).toArray();
  }
}
