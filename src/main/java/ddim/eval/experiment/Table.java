package ddim.eval.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows of texts under column names, for people and for programs.
 *
 * @param columns the names; the first column names the rows
 */
record Table(List<String> columns, List<List<String>> rows) {
  Table(List<String> columns) {
    this(List.copyOf(columns), new ArrayList<>());
  }

  /** Adds a row of as many texts as there are columns. */
  void add(List<String> row) {
    if (row.size() != columns.size()) {
      throw new IllegalArgumentException(
          "%d texts do not fit %d columns".formatted(row.size(), columns.size()));
    }
    rows.add(List.copyOf(row));
  }

  void writeCsv(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    List<List<String>> lines = new ArrayList<>(List.of(columns));
    lines.addAll(rows);
    for (List<String> line : lines) {
      text.append(String.join(",", line.stream().map(Table::csv).toList())).append('\n');
    }
    Files.writeString(file, text);
  }

  private static String csv(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  String markdown() {
    StringBuilder text = new StringBuilder(line(columns));
    text.append("|").append(" --- |").append(" ---: |".repeat(columns.size() - 1)).append('\n');
    rows.forEach(row -> text.append(line(row)));
    return text.toString();
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }
}
