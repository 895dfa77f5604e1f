package ddim.eval.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.data.ImageSource;
import ddim.diffusion.Sampler;
import ddim.eval.ImageBatches;
import ddim.eval.distance.Neighbours;
import ddim.eval.distance.Neighbours.Neighbour;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether samples are copies: the nearest training image of each by pixels and by features, and how
 * near test images, which cannot be copies, are to theirs.
 */
final class NeighbourPictures implements Experiment {
  private static final int SAMPLES = 12;
  private static final int STEPS = 50;
  private static final int CHUNK = 1024;

  private final Bench bench;

  NeighbourPictures(Bench bench) {
    this.bench = bench;
  }

  private Sampler sampler() {
    return bench.options().preset().builder(STEPS).eta(0).build();
  }

  @Override
  public long networkCalls() {
    return (long) SAMPLES * bench.table(sampler()).length();
  }

  @Override
  public String run() throws IOException {
    JsonNode cell = bench.cell("neighbours", networkCalls(), this::measure);
    return """
        ## Nearest training images

        Samples of S = %d%s, below each the nearest of the %,d training images by pixels, and by \
        features. The median distance to the nearest by pixels, as the root of the mean squared \
        difference from 0 to 1, is %.4f for the samples and %.4f for as many real test images: a \
        model that copies would be far below.

        ![samples and their neighbours](neighbours.png)

        """
        .formatted(
            STEPS,
            bench.labels(),
            bench.train().size(),
            cell.path("samples_median").asDouble(),
            cell.path("test_median").asDouble());
  }

  private void measure(ObjectNode cell) throws IOException {
    List<byte[]> samples = bench.sample(sampler(), SAMPLES, "neighbours");
    List<byte[]> queries = new ArrayList<>(samples);
    queries.addAll(bench.testImages(SAMPLES));
    float[][] pixels = queries.stream().map(ImageBatches::numbers).toArray(float[][]::new);
    float[][] features = features(queries);
    Neighbour[] byPixels = new Neighbour[queries.size()];
    Neighbour[] byFeatures = new Neighbour[queries.size()];
    ImageSource train = bench.train();
    for (int from = 0; from < train.size(); from += CHUNK) {
      List<byte[]> chunk = images(train, from, Math.min(train.size(), from + CHUNK));
      keep(byPixels, from, Neighbours.nearest(pixels, numbers(chunk)));
      keep(byFeatures, from, Neighbours.nearest(features, features(chunk)));
    }
    cell.put("samples_median", median(byPixels, 0, SAMPLES));
    cell.put("test_median", median(byPixels, SAMPLES, queries.size()));
    List<byte[]> cells = new ArrayList<>(samples);
    for (Neighbour[] nearest : List.of(byPixels, byFeatures)) {
      for (int i = 0; i < SAMPLES; i++) {
        cells.addAll(images(train, nearest[i].index(), nearest[i].index() + 1));
      }
    }
    bench
        .grid(cells)
        .withColumns(SAMPLES)
        .withLabels(List.of("sample", "by pixels", "by features"), List.of())
        .write(bench.out().resolve("neighbours.png"));
  }

  private static void keep(Neighbour[] best, int from, Neighbour[] found) {
    for (int i = 0; i < best.length; i++) {
      if (best[i] == null || found[i].distance() < best[i].distance()) {
        best[i] = new Neighbour(from + found[i].index(), found[i].distance());
      }
    }
  }

  /** From Euclidean distance in [-1, 1] to the root of the mean squared difference in [0, 1]. */
  private double median(Neighbour[] found, int from, int to) {
    double[] distances =
        Arrays.stream(found, from, to).mapToDouble(Neighbour::distance).sorted().toArray();
    double middle = distances.length == 0 ? Double.NaN : distances[distances.length / 2];
    return middle / 2 / Math.sqrt(bench.train().imageSize());
  }

  private float[][] features(List<byte[]> images) {
    ImageSource train = bench.train();
    return bench.features().of(images, train.height(), train.width(), train.channels());
  }

  private static float[][] numbers(List<byte[]> images) {
    return images.stream().map(ImageBatches::numbers).toArray(float[][]::new);
  }

  private static List<byte[]> images(ImageSource source, int from, int to) {
    List<byte[]> images = new ArrayList<>();
    for (int i = from; i < to; i++) {
      byte[] image = new byte[source.imageSize()];
      source.read(i, image, 0);
      images.add(image);
    }
    return images;
  }
}
