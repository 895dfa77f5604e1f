package ddim.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The tables made in the graph against those of {@link Sampler}. */
class DefaultTableTest {
  private static final int WIDTH = Column.values().length;

  @ParameterizedTest(name = "T = {0}, every number of steps")
  @ValueSource(ints = {1, 2, 10, 1000, 1024, 1025}) // int32 up to 1024
  void isTheTableOfTheDefaultSampler(int trainSteps) {
    ScheduleConfig config =
        new ScheduleConfig(ScheduleConfig.Kind.LINEAR, trainSteps, 1e-4, 0.02, false);
    NoiseSchedule schedule = NoiseSchedule.of(config);
    int stride = trainSteps > 100 ? 37 : 1;
    int[] steps =
        java.util.stream.IntStream.rangeClosed(1, trainSteps)
            .filter(s -> s % stride == 0 || s <= 12 || s == trainSteps)
            .toArray();
    float[] eta = new float[steps.length];
    for (int i = 0; i < eta.length; i++) {
      eta[i] = i % 3 / 2f;
    }

    Tables tables = run(schedule, steps, eta);

    for (int i = 0; i < steps.length; i++) {
      StepTable expected = Sampler.ddim(steps[i], eta[i]).table(schedule);
      for (int k = 0; k < tables.columns(); k++) {
        int cell = i * tables.columns() + k;
        if (k >= steps[i]) {
          assertThat(tables.timestep()[cell]).isEqualTo(-1);
          for (Column divisor : List.of(Column.SQRT_ALPHA_BAR, Column.SQRT_ONE_MINUS_ALPHA_BAR)) {
            assertThat(tables.table()[cell * WIDTH + divisor.index()]).as("padding").isEqualTo(1);
          }
          continue;
        }
        assertThat(tables.timestep()[cell]).isEqualTo(expected.timestep(k));
        for (Column column : Column.values()) {
          assertThat((double) tables.table()[cell * WIDTH + column.index()])
              .as("%d steps, step %d, %s", steps[i], k, column)
              .isCloseTo(expected.get(k, column), within(1e-6));
        }
      }
    }
  }

  @Test
  void stepsOutsideTheScheduleAreHeldWithinIt() {
    NoiseSchedule schedule = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

    Tables tables = run(schedule, new int[] {-5, 0, 2000}, new float[3]);

    assertThat(tables.columns()).isEqualTo(1000);
    assertThat(tables.timestep()[0]).isEqualTo(999);
    assertThat(Arrays.copyOfRange(tables.timestep(), 1, 1000)).containsOnly(-1);
    assertThat(tables.timestep()[3000 - 1]).isZero();
  }

  private record Tables(int columns, int[] timestep, float[] table) {}

  private static Tables run(NoiseSchedule schedule, int[] steps, float[] eta) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      DefaultTable table = DefaultTable.of(tf, schedule, tf.constant(steps), tf.constant(eta));
      try (Result result = session.runner().fetch(table.timestep()).fetch(table.table()).run()) {
        TInt32 timestep = (TInt32) result.get(0);
        int[] times = new int[(int) timestep.size()];
        timestep.asRawTensor().data().asInts().read(times);
        float[] numbers = new float[times.length * WIDTH];
        ((TFloat32) result.get(1)).asRawTensor().data().asFloats().read(numbers);
        return new Tables((int) timestep.shape().get(1), times, numbers);
      }
    }
  }
}
