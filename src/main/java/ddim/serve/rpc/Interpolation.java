package ddim.serve.rpc;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.Slerp;
import ddim.diffusion.StepTable;
import ddim.serve.batch.Row;
import ddim.serve.repository.Lease;
import ddim.serve.rpc.RequestValidator.Use;
import ddim.v1.Encoding;
import ddim.v1.InterpolateRequest;
import ddim.v1.InterpolateResponse;
import ddim.v1.LatentSource;
import java.util.ArrayList;
import java.util.List;

/** Images from what lies between latents, on a line or a grid. */
final class Interpolation {
  private static final int LINE = 2;
  private static final int GRID = 4;

  private Interpolation() {}

  static Command<InterpolateResponse> interpolate(
      InterpolateRequest request, RequestValidator check) {
    check.model(request.getModel());
    checkLayout(request, check);
    boolean encodes = request.getEndsList().stream().anyMatch(LatentSource::hasImage);
    Integer steps = request.hasSteps() ? request.getSteps() : null;
    Sampler sampler =
        check.sampler(request.getSampler(), steps, null, encodes ? Use.ENCODE : Use.SAMPLE);
    check
        .problems()
        .rule(
            encodes || sampler.eta() == 0,
            "sampler.preset",
            "sampler.preset must be one with eta 0, has " + sampler.eta());
    Encoding encoding = check.encoding(request.getEncodingValue(), "encoding");
    List<float[]> given = given(request, check);
    Lease lease = check.accept();
    NoiseSchedule schedule = lease.schedule();
    Prediction prediction = lease.spec().prediction();
    StepTable decode = sampler.table(schedule, prediction);
    Recipe recipe = new Recipe(lease, sampler, decode.length(), encoding);
    List<StepTable> encode =
        encodes ? List.of(sampler.encodeTable(schedule, prediction)) : List.of();
    List<Row> ends = ends(request.getEndsList(), given, encode);
    int rows = Math.max(1, request.getRows());
    int images = rows * request.getColumns();
    return new Command<>(
        lease,
        call ->
            call.computeThen(
                ends,
                latents -> between(latents, rows, request.getColumns(), decode),
                images,
                (long) images * decode.length(),
                pictures -> response(recipe, pictures)));
  }

  private static void checkLayout(InterpolateRequest request, RequestValidator check) {
    Problems problems = check.problems();
    int ends = request.getEndsCount();
    problems.rule(
        ends == LINE || ends == GRID,
        "ends",
        "ends must be 2 for a line or 4 for a grid, are " + ends);
    problems.rule(
        request.getColumns() >= 2,
        "columns",
        "columns must be at least 2, is " + request.getColumns());
    if (ends == GRID) {
      problems.rule(
          request.getRows() >= 2,
          "rows",
          "rows must be at least 2 for a grid, is " + request.getRows());
    } else {
      problems.rule(
          request.getRows() == 0,
          "rows",
          "rows must be absent for a line, is " + request.getRows());
    }
    if (request.getColumns() >= 2 && request.getRows() >= 0) {
      long count = (long) request.getColumns() * Math.max(1, request.getRows());
      check.count(count, "columns", "the number of images");
    }
  }

  /** The numbers of the ends that are latents or images, empty arrays for those that are seeds. */
  private static List<float[]> given(InterpolateRequest request, RequestValidator check) {
    Encoding encoding = Encoding.ENCODING_RAW_FLOAT32;
    if (request.getEndsList().stream().anyMatch(LatentSource::hasImage)) {
      encoding = check.encoding(request.getImagesEncodingValue(), "images_encoding");
    }
    List<float[]> given = new ArrayList<>();
    for (int i = 0; i < Math.min(GRID, request.getEndsCount()); i++) {
      LatentSource end = request.getEnds(i);
      String field = "ends[" + i + "]";
      given.add(
          switch (end.getSourceCase()) {
            case SEED -> new float[0];
            case LATENT ->
                check
                    .image(end.getLatent(), field + ".latent", Encoding.ENCODING_RAW_FLOAT32)
                    .orElse(new float[0]);
            case IMAGE ->
                check.image(end.getImage(), field + ".image", encoding).orElse(new float[0]);
            case SOURCE_NOT_SET -> {
              check.problems().add(field, field + " must have a seed, a latent or an image");
              yield new float[0];
            }
          });
    }
    return given;
  }

  /** Rows whose images are the latents of the ends: noise and latents as they are. */
  private static List<Row> ends(
      List<LatentSource> sources, List<float[]> given, List<StepTable> encode) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < sources.size(); i++) {
      LatentSource source = sources.get(i);
      rows.add(
          switch (source.getSourceCase()) {
            case SEED -> new Row(source.getSeed(), null, List.of(), List.of());
            case IMAGE -> new Row(0, given.get(i), encode, List.of());
            default -> new Row(0, given.get(i), List.of(), List.of());
          });
    }
    return rows;
  }

  /** Rows to decode: along the top and the bottom of a grid first, then from top to bottom. */
  private static List<Row> between(List<float[]> ends, int rows, int columns, StepTable decode) {
    List<Row> between = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        double right = column / (columns - 1.0);
        float[] latent = Slerp.of(ends.get(0), ends.get(1), right);
        if (rows > 1) {
          float[] bottom = Slerp.of(ends.get(2), ends.get(3), right);
          latent = Slerp.of(latent, bottom, row / (rows - 1.0));
        }
        between.add(new Row(0, latent, decode));
      }
    }
    return between;
  }

  private static InterpolateResponse response(Recipe recipe, List<float[]> images) {
    return InterpolateResponse.newBuilder()
        .addAllImages(recipe.images(images, new long[images.size()]))
        .setModel(recipe.model())
        .setShape(recipe.shape())
        .build();
  }
}
