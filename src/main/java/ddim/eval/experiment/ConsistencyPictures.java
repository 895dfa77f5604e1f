package ddim.eval.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Figure 5 of the paper: one latent a column, one number of steps a row, eta 0. */
final class ConsistencyPictures implements Experiment {
  private static final int LATENTS = 10;
  private static final String PICTURE = "consistency.png";
  private static final double PIXEL = 255;

  private final Bench bench;

  ConsistencyPictures(Bench bench) {
    this.bench = bench;
  }

  /** Rows of other numbers of steps are another cell. */
  private String cell() {
    return bench.options().steps().stream()
        .map(String::valueOf)
        .collect(Collectors.joining("-", "consistency-", ""));
  }

  /** Kept beside its cell: the picture of the report is that of the cell that it shows. */
  private Path cellPicture() {
    return bench.out().resolve("cells").resolve(cell() + ".png");
  }

  private Sampler sampler(int steps) {
    Preset preset = bench.options().preset();
    return preset.builder(steps).eta(0).build();
  }

  @Override
  public long networkCalls() {
    return bench.options().steps().stream()
        .mapToLong(steps -> (long) LATENTS * bench.table(sampler(steps)).length())
        .sum();
  }

  @Override
  public String run() throws IOException {
    JsonNode cell = bench.cell(cell(), networkCalls(), this::measure);
    Files.copy(cellPicture(), bench.out().resolve(PICTURE), StandardCopyOption.REPLACE_EXISTING);
    Table table = new Table(List.of("S", "distance"));
    Table csv = new Table(List.of("steps", "distance_to_most_steps"));
    cell.path("distances")
        .fields()
        .forEachRemaining(
            entry -> {
              double distance = entry.getValue().asDouble();
              table.add(List.of(entry.getKey(), String.format(Locale.ROOT, "%.4f", distance)));
              csv.add(List.of(entry.getKey(), Double.toString(distance)));
            });
    csv.writeCsv(bench.out().resolve("consistency.csv"));
    List<Integer> steps = bench.options().steps();
    return """
        ## One latent, many S

        Images of the same %d latents%s, eta 0, a row a number of steps, and their distance to those \
        of %d steps: the root of the mean squared difference of pixels from 0 to 1. Images of \
        different latents are %.4f apart.

        %s
        ![one latent a column, one S a row](consistency.png)

        """
        .formatted(
            LATENTS,
            bench.labels(),
            steps.get(steps.size() - 1),
            cell.path("different_latents").asDouble(),
            table.markdown());
  }

  private void measure(ObjectNode cell) throws IOException {
    List<Integer> steps = bench.options().steps();
    List<List<byte[]>> rows = new ArrayList<>();
    for (int s : steps) {
      rows.add(bench.sample(sampler(s), LATENTS, "consistency, " + s + " steps"));
    }
    List<byte[]> last = rows.get(rows.size() - 1);
    ObjectNode distances = cell.putObject("distances");
    for (int i = 0; i < steps.size(); i++) {
      distances.put(Integer.toString(steps.get(i)), distance(rows.get(i), last));
    }
    List<byte[]> shifted = new ArrayList<>(last.subList(1, last.size()));
    shifted.add(last.get(0));
    cell.put("different_latents", distance(last, shifted));
    bench
        .grid(rows.stream().flatMap(List::stream).toList())
        .withColumns(LATENTS)
        .withLabels(
            steps.stream().map(s -> "S = " + s).toList(),
            IntStream.range(0, LATENTS)
                .mapToObj(i -> "seed " + (bench.options().seed() + i))
                .toList())
        .write(cellPicture());
  }

  private static double distance(List<byte[]> images, List<byte[]> others) {
    double sum = 0;
    long numbers = 0;
    for (int i = 0; i < images.size(); i++) {
      for (int j = 0; j < images.get(i).length; j++) {
        double difference = ((images.get(i)[j] & 0xff) - (others.get(i)[j] & 0xff)) / PIXEL;
        sum += difference * difference;
        numbers++;
      }
    }
    return Math.sqrt(sum / numbers);
  }
}
