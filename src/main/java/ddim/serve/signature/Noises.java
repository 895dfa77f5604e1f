package ddim.serve.signature;

import ddim.diffusion.Clipping;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Prediction;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.Condition;
import ddim.serve.batch.Row;
import ddim.serve.repository.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;

/**
 * Noise: {@code latent} is a row that takes no step, {@code predict_noise} one whose only step ends
 * at eps. So both share graph calls with images, and wait in the same queue.
 */
final class Noises implements Invocation {
  private final List<Row> rows;

  private Noises(List<Row> rows) {
    this.rows = List.copyOf(rows);
  }

  static Noises ofSeeds(Map<String, Tensor> inputs) {
    long[] seeds = Objects.requireNonNull(inputs.get("seed")).longs();
    return new Noises(
        LongStream.of(seeds).mapToObj(seed -> new Row(seed, null, List.of(), List.of())).toList());
  }

  static Noises predicted(
      Lease lease, Signature signature, Map<String, Tensor> inputs, List<Condition> wanted) {
    List<float[]> images = Objects.requireNonNull(inputs.get("x")).floatRows();
    int[] t = Objects.requireNonNull(inputs.get("t")).ints();
    RowProblems problems = new RowProblems();
    int last = signature.mostColumns() - 1;
    for (int i = 0; i < t.length; i++) {
      problems.rule(
          t[i] >= 0 && t[i] <= last, i, "t", "t must be from 0 to " + last + ", is " + t[i]);
      problems.finite(i, "x", images.get(i));
    }
    problems.refuse();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < t.length; i++) {
      StepTable table = epsAt(lease.schedule(), lease.spec().prediction(), t[i]);
      rows.add(new Row(0, images.get(i), null, List.of(table), List.of(), wanted.get(i)));
    }
    return new Noises(rows);
  }

  @Override
  public List<Row> rows() {
    return rows;
  }

  @Override
  public Tensor output(TensorSpec output, List<float[]> results) {
    return Tensor.ofFloats(output.rowShape(), results);
  }

  /** The step {@code xs = eps}. */
  private static StepTable epsAt(NoiseSchedule schedule, Prediction prediction, int t) {
    // A network that predicts eps needs no level; 1 and 0 keep x0 finite where no signal is left.
    double alphaBar = prediction == Prediction.EPS ? 1 : schedule.alphaBar(t);
    double[] step = new double[Column.values().length];
    step[Column.SQRT_ALPHA_BAR.index()] = Math.sqrt(alphaBar);
    step[Column.SQRT_ONE_MINUS_ALPHA_BAR.index()] = Math.sqrt(1 - alphaBar);
    step[Column.C.index()] = 1;
    return new StepTable(new int[] {t}, new double[][] {step}, Clipping.NONE);
  }
}
