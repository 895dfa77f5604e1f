package ddim.serve.signature;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.diffusion.Violation;
import ddim.model.Condition;
import ddim.serve.batch.Row;
import ddim.serve.error.InvalidRequestException;
import ddim.serve.repository.Lease;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Images from noise: {@code serving_default} and {@code sample}. The same trajectories as those of
 * our own service with its default options.
 */
final class Sampling implements Invocation {
  private record Steps(int steps, float eta) {}

  private final List<Row> rows;

  private Sampling(List<Row> rows) {
    this.rows = List.copyOf(rows);
  }

  static Sampling ofSeeds(
      Lease lease, Map<String, Tensor> inputs, List<Integer> stops, List<Condition> wanted) {
    long[] seeds = Objects.requireNonNull(inputs.get("seed")).longs();
    float[] etas = Objects.requireNonNull(inputs.get("eta")).floats();
    List<StepTable> tables = tables(lease, steps(inputs), etas);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < seeds.length; i++) {
      StepTable table = tables.get(i);
      List<Integer> rowStops = before(stops, table);
      rows.add(new Row(seeds[i], null, null, List.of(table), rowStops, wanted.get(i)));
    }
    return new Sampling(rows);
  }

  static Sampling ofLatents(
      Lease lease, Map<String, Tensor> inputs, List<Integer> stops, List<Condition> wanted) {
    List<float[]> latents = Objects.requireNonNull(inputs.get("x_T")).floatRows();
    RowProblems problems = new RowProblems();
    for (int i = 0; i < latents.size(); i++) {
      problems.finite(i, "x_T", latents.get(i));
    }
    problems.refuse();
    List<StepTable> tables = tables(lease, steps(inputs), new float[latents.size()]);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < latents.size(); i++) {
      StepTable table = tables.get(i);
      List<Integer> rowStops = before(stops, table);
      rows.add(new Row(0, latents.get(i), null, List.of(table), rowStops, wanted.get(i)));
    }
    return new Sampling(rows);
  }

  @Override
  public List<Row> rows() {
    return rows;
  }

  @Override
  public Tensor output(TensorSpec output, List<float[]> results) {
    return output.type() == ElementType.UINT8
        ? Tensor.ofPixels(output.rowShape(), results)
        : Tensor.ofFloats(output.rowShape(), results);
  }

  private static int[] steps(Map<String, Tensor> inputs) {
    return Objects.requireNonNull(inputs.get("steps")).ints();
  }

  private static List<Integer> before(List<Integer> stops, StepTable table) {
    return stops.stream().filter(stop -> stop < table.length()).toList();
  }

  /** One table a row; rows that go the same way share one. */
  private static List<StepTable> tables(Lease lease, int[] steps, float[] etas) {
    NoiseSchedule schedule = lease.schedule();
    Prediction prediction = lease.spec().prediction();
    RowProblems problems = new RowProblems();
    Map<Steps, StepTable> known = new HashMap<>();
    List<StepTable> tables = new ArrayList<>();
    long stepsInAll = 0;
    for (int i = 0; i < steps.length && !problems.isFull(); i++) {
      StepTable table = known.get(new Steps(steps[i], etas[i]));
      if (table == null) {
        Sampler sampler = Sampler.ddim(steps[i], etas[i]);
        List<Violation> violations = sampler.violations(schedule, prediction);
        if (!violations.isEmpty()) {
          for (Violation violation : violations) {
            problems.add(i, violation);
          }
          continue;
        }
        stepsInAll += steps[i];
        requireFew(stepsInAll);
        table = sampler.table(schedule, prediction);
        known.put(new Steps(steps[i], etas[i]), table);
      }
      tables.add(table);
    }
    problems.refuse();
    return tables;
  }

  private static void requireFew(long stepsInAll) {
    if (stepsInAll > InputReader.MOST_TABLE_STEPS) {
      String message =
          "steps must be at most %d in all over rows that differ in steps or eta, are more"
              .formatted(InputReader.MOST_TABLE_STEPS);
      throw new InvalidRequestException(List.of(new Violation("steps", message)));
    }
  }
}
