package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.Slerp;
import ddim.diffusion.Solver;
import ddim.diffusion.Spacing;
import ddim.diffusion.StepTable;
import ddim.model.Trajectory;
import ddim.serve.SamplingClient.End;
import ddim.serve.SamplingClient.Picture;
import ddim.serve.SamplingClient.Pictures;
import ddim.serve.SamplingClient.Preview;
import ddim.serve.SamplingClient.Query;
import ddim.serve.SamplingClient.Reconstructions;
import ddim.serve.SamplingClient.Watcher;
import ddim.serve.batch.FakeModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation, over a real socket, against the same numbers computed here. */
class OperationsTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final Sampler TEN = Sampler.ddim(10, 0);

  @TempDir private static Path root;
  private static ServerFixture fixture;
  private static SamplingClient client;
  private static FakeModel model;

  @BeforeAll
  static void start() {
    fixture = ServerFixture.onSocket(root);
    client = fixture.client();
    model = fixture.clothes;
  }

  @AfterAll
  static void stop() {
    client.close();
    fixture.close();
  }

  static Stream<Sampler> samplers() {
    return Stream.of(
        Preset.PAPER.builder(10).build(),
        Preset.DDPM_LARGE.builder(10).build(),
        Preset.DDIM.builder(10).solver(Solver.DPM_SOLVER_PP_2M).build(),
        Preset.DDIM.builder(10).solver(Solver.IPNDM).order(3).spacing(Spacing.TRAILING).build(),
        Preset.DDIM.builder(10).solver(Solver.DEIS).build(),
        Preset.DDIM.builder(10).spacing(Spacing.LEADING).offset(1).eta(0.5).build(),
        Preset.DDIM.builder(1).timesteps(List.of(3, 100, 999)).rederiveEps(true).build(),
        Preset.DDIM.builder(5).finalAlphaBar(Sampler.FinalAlphaBar.FIRST).build());
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void everyOptionOfASamplerGoesOverTheWire(Sampler sampler) {
    StepTable table = sampler.table(SCHEDULE);

    Pictures<float[]> reply = client.sample(Query.of("clothes", 3, 2).with(sampler));

    Picture<float[]> second = reply.pictures().get(1);
    assertThat(second.pixels()).isEqualTo(model.image(4, table));
    assertThat(second.steps()).isEqualTo(table.length());
    assertThat(second.eta()).isEqualTo(sampler.eta());
    assertThat(second.solver()).isEqualTo(sampler.solver().wireName());
  }

  @Test
  void encodedImagesAreTheLatentsThatDecodeToThem() {
    List<float[]> images = List.of(image(1), image(2), image(3));

    List<float[]> latents = client.encode(Query.of("clothes").withSteps(10), images);

    StepTable there = TEN.encodeTable(SCHEDULE);
    assertThat(latents)
        .usingElementComparator(Arrays::compare)
        .containsExactlyElementsOf(images.stream().map(i -> model.image(0, i, there)).toList());
    Pictures<float[]> decoded = client.decode(Query.of("clothes").withSteps(10), latents);
    StepTable back = TEN.table(SCHEDULE);
    assertThat(decoded.pictures().get(2).pixels()).isEqualTo(model.image(0, latents.get(2), back));
    assertThat(decoded.pictures().get(2).steps()).isEqualTo(10);
  }

  @Test
  void decodingWithNoiseTakesTheSeedsOfTheSteps() {
    float[] latent = image(5);
    Query query = Query.of("clothes", 8, 2).withSteps(10).withEta(1);

    Pictures<float[]> decoded = client.decode(query, List.of(latent, latent));

    StepTable table = Sampler.ddim(10, 1).table(SCHEDULE);
    assertThat(decoded.pictures().get(0).pixels()).isEqualTo(model.image(8, latent, table));
    assertThat(decoded.pictures().get(1).pixels()).isEqualTo(model.image(9, latent, table));
  }

  @Test
  void aReconstructionIsEncodingAndDecodingInOne() {
    List<float[]> images = List.of(image(1), image(2));
    Query query = Query.of("clothes").withSteps(10);

    Reconstructions reply = client.reconstruct(query, images);

    Pictures<float[]> twice = client.decode(query, client.encode(query, images));
    for (int i = 0; i < images.size(); i++) {
      float[] pixels = reply.images().pictures().get(i).pixels();
      assertThat(pixels).isEqualTo(twice.pictures().get(i).pixels());
      assertThat(reply.errors().get(i)).isCloseTo(error(images.get(i), pixels), within(1e-12));
      assertThat(reply.images().pictures().get(i).steps()).isEqualTo(20);
    }
  }

  @Test
  void aLineGoesFromSeedToSeed() {
    List<End> ends = List.of(new End.Seed(1), new End.Seed(2));

    Pictures<float[]> line = client.interpolate(Query.of("clothes").with(TEN), ends, 1, 5);

    StepTable table = TEN.table(SCHEDULE);
    for (int i = 0; i < 5; i++) {
      float[] latent = Slerp.of(model.latent(1), model.latent(2), i / 4.0);
      assertThat(line.pictures().get(i).pixels()).isEqualTo(model.image(0, latent, table));
    }
    assertThat(line.pictures().get(0).pixels()).isEqualTo(model.image(1, table));
    assertThat(line.pictures().get(4).pixels()).isEqualTo(model.image(2, table));
  }

  @Test
  void aGridHasItsFourEndsInTheCorners() {
    float[] latent = model.latent(3);
    List<End> ends =
        List.of(
            new End.Seed(1), new End.Seed(2), new End.Latent(latent), new End.Picture(image(4)));

    Pictures<float[]> grid = client.interpolate(Query.of("clothes").with(TEN), ends, 3, 4);

    StepTable table = TEN.table(SCHEDULE);
    float[] encoded = model.image(0, image(4), TEN.encodeTable(SCHEDULE));
    assertThat(grid.pictures()).hasSize(12);
    assertThat(grid.pictures().get(0).pixels()).isEqualTo(model.image(1, table));
    assertThat(grid.pictures().get(3).pixels()).isEqualTo(model.image(2, table));
    assertThat(grid.pictures().get(8).pixels()).isEqualTo(model.image(0, latent, table));
    assertThat(grid.pictures().get(11).pixels()).isEqualTo(model.image(0, encoded, table));
  }

  @Test
  void equalAndOppositeEndsGiveNumbers() {
    float[] latent = model.latent(1);
    float[] opposite = latent.clone();
    for (int i = 0; i < opposite.length; i++) {
      opposite[i] = -opposite[i];
    }
    for (float[] other : List.of(latent, opposite)) {
      List<End> ends = List.of(new End.Latent(latent), new End.Latent(other));
      assertThat(client.interpolate(Query.of("clothes").with(TEN), ends, 1, 3).pictures())
          .allSatisfy(
              picture -> {
                for (float pixel : picture.pixels()) {
                  assertThat(pixel).isFinite();
                }
              });
    }
  }

  @Test
  void previewsAreThePredictedImagesAfterTheStepsAskedFor() {
    Recorder recorder = new Recorder();
    Query query = Query.of("clothes", 6, 3).with(TEN);

    Pictures<float[]> images = client.sample(query, List.of(2, 7), recorder);

    assertThat(images.pictures())
        .extracting(Picture::pixels)
        .usingElementComparator(Arrays::compare)
        .containsExactlyElementsOf(
            client.sample(query).pictures().stream().map(Picture::pixels).toList());
    assertThat(recorder.previews).hasSize(6);
    for (Picture<float[]> preview : recorder.previews) {
      assertThat(preview.steps()).isIn(2, 7);
      assertThat(preview.pixels()).isEqualTo(predicted(preview.seed(), preview.steps()));
    }
    assertThat(recorder.progress).isSorted().endsWith(30L);
  }

  private static float[] predicted(long seed, int steps) {
    Trajectory row = new Trajectory(seed, model.latent(seed), TEN.table(SCHEDULE));
    model.advance(List.of(row), steps, 1, null);
    return row.x0();
  }

  private static float[] image(long seed) {
    return model.image(seed, Sampler.ddim(3, 0).table(SCHEDULE));
  }

  private static double error(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.pow((a[i] + 1.0) / 2 - (b[i] + 1.0) / 2, 2);
    }
    return sum / a.length;
  }

  private static final class Recorder implements Watcher {
    private final List<Long> progress = new ArrayList<>();
    private final List<Picture<float[]>> previews = new ArrayList<>();

    @Override
    public void progress(long stepsTaken, long stepsInAll) {
      assertThat(stepsInAll).isEqualTo(30);
      progress.add(stepsTaken);
    }

    @Override
    public void preview(int index, Preview preview) {
      assertThat(preview.x0().seed()).isEqualTo(6 + index);
      assertThat(preview.noisy()).hasSameSizeAs(preview.x0().pixels());
      previews.add(preview.x0());
    }
  }
}
