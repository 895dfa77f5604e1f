package ddim.eval.experiment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Table 1 of the paper: the distance to real images over S and eta, and over S and solvers. */
final class QualityTable implements Experiment {
  private static final String FLOOR = "table1-real-test";

  private final Bench bench;
  private final QualityMeter meter;

  QualityTable(Bench bench) {
    this.bench = bench;
    this.meter = new QualityMeter(bench);
  }

  private record Part(String title, String file, List<Variant> variants, List<Integer> steps) {}

  private List<Part> parts() {
    EvaluationOptions options = bench.options();
    return List.of(
        new Part("over S and eta", "table1-eta", Variant.etas(options.preset()), options.steps()),
        new Part(
            "over S and solver, eta 0",
            "table1-solver",
            Variant.solvers(options.preset()),
            options.solverSteps()));
  }

  @Override
  public long networkCalls() {
    Map<String, Long> calls = new LinkedHashMap<>();
    for (Part part : parts()) {
      for (Variant variant : part.variants()) {
        part.steps().forEach(steps -> calls.put(variant.cell(steps), calls(variant, steps)));
      }
    }
    return calls.values().stream().mapToLong(Long::longValue).sum();
  }

  private long calls(Variant variant, int steps) {
    return (long) bench.options().count() * bench.table(variant.sampler(steps)).length();
  }

  @Override
  public String run() throws IOException {
    Quality floor = Quality.of(bench.cell(FLOOR, 0, this::floor));
    Map<String, Quality> cells = measure();
    Table csv = new Table(List.of("sampler", "steps", "frechet", "kernel", "precision", "recall"));
    Set<String> listed = new LinkedHashSet<>();
    StringBuilder text = new StringBuilder("## Table 1: how far from real images\n\n");
    text.append(introduction(floor));
    for (Part part : parts()) {
      write(part, cells, text);
      for (Variant variant : part.variants()) {
        for (int steps : part.steps()) {
          if (listed.add(variant.cell(steps))) {
            csv.add(
                csvRow(variant.file(), Integer.toString(steps), quality(cells, variant, steps)));
          }
        }
      }
    }
    csv.add(csvRow("real test images", "0", floor));
    csv.writeCsv(bench.out().resolve("table1.csv"));
    return text.toString();
  }

  private void floor(ObjectNode cell) {
    meter.of(bench.testImages(bench.options().count())).into(cell);
  }

  /** Cells with few steps first: what is wrong with a model is seen early. */
  private Map<String, Quality> measure() throws IOException {
    Map<String, Quality> cells = new LinkedHashMap<>();
    for (Part part : parts()) {
      for (int steps : part.steps()) {
        for (Variant variant : part.variants()) {
          String name = variant.cell(steps);
          if (!cells.containsKey(name)) {
            String task = variant.name() + ", " + steps + " steps";
            cells.put(
                name,
                Quality.of(
                    bench.cell(
                        name,
                        calls(variant, steps),
                        cell ->
                            meter
                                .of(
                                    bench.sample(
                                        variant.sampler(steps), bench.options().count(), task))
                                .into(cell))));
          }
        }
      }
    }
    return cells;
  }

  private String introduction(Quality floor) {
    EvaluationOptions options = bench.options();
    return """
        %s: lower is better. %,d images a cell%s, seeds from %d, against the first %,d images of %s. \
        As many real test images have the distance %.3f (kernel distance %.5f, precision %.2f, \
        recall %.2f): no model can be expected below. The distance falls with the number of \
        images: compare only what was measured with as many. Features: %s.

        """
        .formatted(
            bench.features().distanceName(),
            options.count(),
            bench.labels(),
            options.seed(),
            Math.min(options.real(), bench.train().size()),
            bench.train().name(),
            floor.frechet(),
            floor.kernel(),
            floor.both().precision(),
            floor.both().recall(),
            bench.features().description());
  }

  private void write(Part part, Map<String, Quality> cells, StringBuilder text) throws IOException {
    Plot plot =
        new Plot("Distance to real images " + part.title(), "S", "Fréchet distance").logarithmic();
    for (Variant variant : part.variants()) {
      plot.line(
          variant.name(),
          part.steps(),
          part.steps().stream().map(s -> quality(cells, variant, s).frechet()).toList());
    }
    plot.write(bench.out().resolve(part.file() + ".png"));
    text.append("Fréchet distance ").append(part.title()).append(":\n\n");
    text.append(table(part, cells, q -> number("%.3f", q.frechet())));
    text.append("\nKernel distance, times 1000:\n\n");
    text.append(table(part, cells, q -> number("%.2f", 1000 * q.kernel())));
    text.append("\nPrecision / recall:\n\n");
    text.append(
        table(
            part,
            cells,
            q -> number("%.2f", q.both().precision()) + " / " + number("%.2f", q.both().recall())));
    text.append("\n![").append(part.title()).append("](").append(part.file()).append(".png)\n\n");
  }

  private static String table(
      Part part, Map<String, Quality> cells, Function<Quality, String> value) {
    List<String> columns = new ArrayList<>(List.of(""));
    part.steps().forEach(steps -> columns.add("S = " + steps));
    Table table = new Table(columns);
    for (Variant variant : part.variants()) {
      List<String> row = new ArrayList<>(List.of(variant.name()));
      part.steps().forEach(steps -> row.add(value.apply(quality(cells, variant, steps))));
      table.add(row);
    }
    return table.markdown();
  }

  private static Quality quality(Map<String, Quality> cells, Variant variant, int steps) {
    Quality quality = cells.get(variant.cell(steps));
    if (quality == null) {
      throw new IllegalStateException("no cell " + variant.cell(steps));
    }
    return quality;
  }

  private static List<String> csvRow(String sampler, String steps, Quality quality) {
    return List.of(
        sampler,
        steps,
        Double.toString(quality.frechet()),
        Double.toString(quality.kernel()),
        Double.toString(quality.both().precision()),
        Double.toString(quality.both().recall()));
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
