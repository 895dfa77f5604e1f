package ddim.eval.experiment;

import ddim.diffusion.Sampler;
import java.io.IOException;
import java.util.List;

/** A grid of samples, not chosen: consecutive seeds. */
final class SampleGrid implements Experiment {
  private static final int IMAGES = 64;
  private static final int STEPS = 20;

  private final Bench bench;

  SampleGrid(Bench bench) {
    this.bench = bench;
  }

  private Sampler sampler() {
    return bench.options().preset().builder(STEPS).eta(0).build();
  }

  @Override
  public long networkCalls() {
    return (long) IMAGES * bench.table(sampler()).length();
  }

  @Override
  public String run() throws IOException {
    bench.cell(
        "samples",
        networkCalls(),
        cell -> {
          List<byte[]> images = bench.sample(sampler(), IMAGES, "samples");
          bench.grid(images).write(bench.out().resolve("samples.png"));
          cell.put("images", IMAGES);
        });
    return """
        ## Samples

        %d images%s, seeds from %d, S = %d, eta 0, none left out.

        ![samples](samples.png)

        """
        .formatted(IMAGES, bench.labels(), bench.options().seed(), STEPS);
  }
}
