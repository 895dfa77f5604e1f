package ddim.eval;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Words beside the rows and above the columns of a picture of cells.
 *
 * @param rows one a row of cells, or empty
 * @param columns one a column of cells, or empty
 */
record GridLabels(List<String> rows, List<String> columns) {
  static final GridLabels NONE = new GridLabels(List.of(), List.of());

  private static final int FONT_SIZE = 12;
  private static final int MARGIN = 4;

  GridLabels {
    rows = List.copyOf(rows);
    columns = List.copyOf(columns);
  }

  /**
   * A larger picture with the words.
   *
   * @param cells the picture, whose cells are {@code pitchX} by {@code pitchY} pixels apart
   */
  BufferedImage around(BufferedImage cells, int pitchX, int pitchY) {
    if (rows.isEmpty() && columns.isEmpty()) {
      return cells;
    }
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
    FontMetrics metrics = metrics(font);
    int left = rows.isEmpty() ? 0 : widest(rows, metrics) + 2 * MARGIN;
    int top = columns.isEmpty() ? 0 : metrics.getHeight() + MARGIN;
    int room = columns.isEmpty() ? 0 : widest(columns, metrics) + MARGIN - pitchX;
    BufferedImage picture =
        new BufferedImage(
            left + cells.getWidth() + Math.max(0, room), top + cells.getHeight(), cells.getType());
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
      graphics.drawImage(cells, left, top, null);
      graphics.setColor(Color.BLACK);
      graphics.setFont(font);
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      for (int i = 0; i < rows.size(); i++) {
        int middle = top + i * pitchY + pitchY / 2;
        graphics.drawString(rows.get(i), MARGIN, middle + metrics.getAscent() / 2);
      }
      for (int i = 0; i < columns.size(); i++) {
        graphics.drawString(columns.get(i), left + i * pitchX + MARGIN, metrics.getAscent());
      }
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private static int widest(List<String> words, FontMetrics metrics) {
    return words.stream().mapToInt(metrics::stringWidth).max().orElse(0);
  }

  private static FontMetrics metrics(Font font) {
    Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY).createGraphics();
    try {
      return graphics.getFontMetrics(font);
    } finally {
      graphics.dispose();
    }
  }
}
