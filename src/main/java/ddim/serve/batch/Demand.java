package ddim.serve.batch;

import ddim.model.Condition;
import java.util.List;

/**
 * What somebody asks of a batcher at once.
 *
 * @param rows how many images
 * @param each how many places of a batch each of them takes, see {@link Row#places()}
 */
public record Demand(int rows, int each) {
  /** For one image a condition; the widest stands for all. */
  public static Demand of(List<Condition> conditions) {
    int each = conditions.stream().mapToInt(Condition::places).max().orElse(1);
    return new Demand(conditions.size(), each);
  }

  static Demand ofRows(List<Row> rows) {
    return of(rows.stream().map(Row::condition).toList());
  }

  /** How many places all of them take. */
  int places() {
    return rows * each;
  }

  /** How many batches of a size they fill: at least one row goes into each. */
  int batches(int size) {
    int together = Math.max(1, size / each);
    return (rows + together - 1) / together;
  }
}
