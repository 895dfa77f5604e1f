package ddim.eval.experiment;

import ddim.diffusion.Clipping;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.eval.ImageBatches;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Table 2 of the paper: real test images encoded in S steps and decoded in S steps, and how far off
 * they are: the mean squared error of a number where pixels are from 0 to 1.
 *
 * <p>Nothing is clipped: encoding and decoding follow one equation there and back, and the error is
 * that of its steps alone, which falls with their number for any network.
 */
final class ReconstructionTable implements Experiment {
  /** From [-1, 1] to [0, 1] halves every difference. */
  private static final double SCALE = 0.25;

  private final Bench bench;

  ReconstructionTable(Bench bench) {
    this.bench = bench;
  }

  private Sampler sampler(int steps) {
    return bench.options().preset().builder(steps).eta(0).clipping(Clipping.NONE).build();
  }

  private StepTable there(int steps) {
    return sampler(steps).encodeTable(bench.schedule(), bench.model().spec().prediction());
  }

  private long calls(int steps) {
    return (long) images() * (there(steps).length() + bench.table(sampler(steps)).length());
  }

  private int images() {
    return Math.min(bench.options().reconstructed(), bench.test().size());
  }

  @Override
  public long networkCalls() {
    return bench.options().steps().stream().mapToLong(this::calls).sum();
  }

  @Override
  public String run() throws IOException {
    List<byte[]> pixels = bench.testImages(images());
    List<float[]> starts = pixels.stream().map(ImageBatches::numbers).toList();
    List<Integer> steps = bench.options().steps();
    List<Double> errors = new ArrayList<>();
    Table table = new Table(List.of("S", "mean squared error"));
    Table csv = new Table(List.of("steps", "mean_squared_error", "images"));
    for (int s : steps) {
      double error =
          bench
              .cell(
                  "table2-" + s,
                  calls(s),
                  cell -> cell.put("mean_squared_error", error(starts, again(starts, s))))
              .path("mean_squared_error")
              .asDouble();
      errors.add(error);
      table.add(List.of(Integer.toString(s), String.format(Locale.ROOT, "%.5f", error)));
      csv.add(List.of(Integer.toString(s), Double.toString(error), Integer.toString(images())));
    }
    csv.writeCsv(bench.out().resolve("table2.csv"));
    new Plot("Reconstruction error over S", "S", "mean squared error")
        .logarithmic()
        .line("DDIM", steps, errors)
        .write(bench.out().resolve("table2.png"));
    return """
        ## Table 2: reconstruction

        Mean squared error of a number, on the scale where pixels are from 0 to 1, of %d test \
        images of %s encoded and decoded in S steps each, without clipping%s.

        %s
        ![reconstruction error](table2.png)

        """
        .formatted(images(), bench.test().name(), bench.noLabels(), table.markdown());
  }

  private List<float[]> again(List<float[]> starts, int steps) {
    ImageBatches.Listener heard =
        calls -> bench.progress().worked(calls, "reconstruction, " + steps + " steps");
    List<float[]> latents = bench.batches().run(there(steps), starts, heard);
    return bench.batches().run(bench.table(sampler(steps)), latents, heard);
  }

  private static double error(List<float[]> images, List<float[]> others) {
    double sum = 0;
    long numbers = 0;
    for (int i = 0; i < images.size(); i++) {
      for (int j = 0; j < images.get(i).length; j++) {
        double difference = (double) images.get(i)[j] - others.get(i)[j];
        sum += difference * difference;
        numbers++;
      }
    }
    return SCALE * sum / numbers;
  }
}
