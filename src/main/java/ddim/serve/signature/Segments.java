package ddim.serve.signature;

import ddim.diffusion.Clipping;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.diffusion.Violation;
import ddim.model.Condition;
import ddim.model.Trajectory;
import ddim.serve.batch.Row;
import ddim.serve.batch.RowListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/** Some steps of trajectories whose tables and state the client has: {@code trajectory}. */
final class Segments implements Invocation, RowListener {
  private final List<Row> rows;
  private final AtomicReferenceArray<Trajectory> ends;

  private Segments(List<Row> rows) {
    this.rows = List.copyOf(rows);
    this.ends = new AtomicReferenceArray<>(rows.size());
  }

  static Segments of(Signature signature, Map<String, Tensor> inputs, List<Condition> wanted) {
    RowProblems problems = new RowProblems();
    int columns = Math.toIntExact(get(inputs, "timestep").shape().get(1));
    long tableColumns = get(inputs, "table").shape().get(1);
    problems.rule(
        tableColumns == columns,
        0,
        "table",
        "table must have the columns of timestep, " + columns + ", has " + tableColumns);
    problems.refuse();

    List<float[]> x = get(inputs, "x").floatRows();
    List<float[]> history = get(inputs, "history").floatRows();
    List<float[]> table = get(inputs, "table").floatRows();
    List<float[]> clip = get(inputs, "clip").floatRows();
    long[] seeds = get(inputs, "seed").longs();
    int[] timestep = get(inputs, "timestep").ints();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < x.size() && !problems.isFull(); i++) {
      problems.finite(i, "x", x.get(i));
      problems.finite(i, "history", history.get(i));
      problems.finite(i, "table", table.get(i));
      int[] times = Arrays.copyOfRange(timestep, i * columns, (i + 1) * columns);
      int latest = IntStream.of(times).max().orElseThrow();
      int last = signature.mostColumns() - 1;
      problems.rule(
          latest <= last, i, "timestep", "timestep must be at most " + last + ", is " + latest);
      List<StepTable> steps = steps(i, times, table.get(i), clip.get(i), problems);
      rows.add(new Row(seeds[i], x.get(i), history.get(i), steps, List.of(), wanted.get(i)));
    }
    problems.refuse();
    return new Segments(rows);
  }

  /** The steps that are not padding as a table; none if all are. */
  private static List<StepTable> steps(
      int row, int[] times, float[] table, float[] clip, RowProblems problems) {
    int width = Column.values().length;
    int[] taken = IntStream.range(0, times.length).filter(k -> times[k] >= 0).toArray();
    double[][] steps = new double[taken.length][width];
    for (int k = 0; k < taken.length; k++) {
      for (int column = 0; column < width; column++) {
        steps[k][column] = table[taken[k] * width + column];
      }
    }
    try {
      Clipping clipping = new Clipping(clip[0], clip[1]);
      return taken.length == 0 || !problems.isEmpty()
          ? List.of()
          : List.of(
              new StepTable(IntStream.of(taken).map(k -> times[k]).toArray(), steps, clipping));
    } catch (IllegalArgumentException e) {
      problems.add(row, new Violation("clip", String.valueOf(e.getMessage())));
      return List.of();
    }
  }

  private static Tensor get(Map<String, Tensor> inputs, String name) {
    return Objects.requireNonNull(inputs.get(name));
  }

  @Override
  public List<Row> rows() {
    return rows;
  }

  @Override
  public RowListener listener() {
    return this;
  }

  @Override
  public void advanced(int index, int steps, float[] x, float[] x0, boolean finished) {}

  @Override
  public void finished(int index, Trajectory row) {
    ends.set(index, row);
  }

  @Override
  public Tensor output(TensorSpec output, List<float[]> results) {
    List<float[]> values = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      values.add(value(output.name(), i, results.get(i)));
    }
    return Tensor.ofFloats(output.rowShape(), values);
  }

  /** A row that took no step is as it was. */
  private float[] value(String output, int row, float[] result) {
    Trajectory end = ends.get(row);
    return switch (output) {
      case "x" -> result;
      case "x0" -> end == null ? result : end.x0();
      default -> end == null ? Objects.requireNonNull(rows.get(row).history()) : end.history();
    };
  }
}
