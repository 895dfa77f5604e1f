package ddim.eval.experiment;

import java.awt.Color;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Lines over an axis, as a PNG file. */
final class Plot {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 420;

  /** What is shown of numbers that have no logarithm. */
  private static final double LEAST = 1e-9;

  private final XYChart chart;
  private boolean logarithmicX;
  private boolean logarithmicY;

  Plot(String title, String x, String y) {
    chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setMarkerSize(6);
    chart.getStyler().setDecimalPattern("0.####");
  }

  /** Both axes show ratios as lengths; values must be above 0. */
  Plot logarithmic() {
    logarithmicX = true;
    chart.getStyler().setxAxisTickLabelsFormattingFunction(Plot::power);
    return logarithmicY();
  }

  /** The upright axis shows ratios as lengths; its values must be above 0. */
  Plot logarithmicY() {
    logarithmicY = true;
    chart.getStyler().setyAxisTickLabelsFormattingFunction(Plot::power);
    return this;
  }

  private static String power(double exponent) {
    return new BigDecimal(Math.pow(10, exponent)).round(new MathContext(2)).toPlainString();
  }

  /** A line through measured points. */
  Plot line(String name, List<? extends Number> x, List<Double> y) {
    chart.addSeries(name, scaled(x, logarithmicX), scaled(y, logarithmicY));
    return this;
  }

  /** A line through so many points that they are not marked. */
  Plot curve(String name, List<? extends Number> x, List<Double> y) {
    chart
        .addSeries(name, scaled(x, logarithmicX), scaled(y, logarithmicY))
        .setMarker(SeriesMarkers.NONE);
    return this;
  }

  /** Points without a line. */
  Plot points(String name, List<? extends Number> x, List<Double> y) {
    chart
        .addSeries(name, scaled(x, logarithmicX), scaled(y, logarithmicY))
        .setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    return this;
  }

  private static List<Double> scaled(List<? extends Number> values, boolean logarithmic) {
    return values.stream()
        .map(v -> logarithmic ? Math.log10(Math.max(LEAST, v.doubleValue())) : v.doubleValue())
        .toList();
  }

  void write(Path file) throws IOException {
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
  }
}
