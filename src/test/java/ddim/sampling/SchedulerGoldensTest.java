package ddim.sampling;

import ddim.diffusion.GoldenCase;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The loops of scheduler-goldens.json through the graph's loop, in float32.
 *
 * <p>{@code -Dgoldens=FILE} runs another file of the same format instead.
 */
class SchedulerGoldensTest {
  private static final double TOLERANCE = 1e-4;
  private static final AtomicInteger PASSED = new AtomicInteger();
  private static final AtomicInteger RAN = new AtomicInteger();

  @TestFactory
  Stream<DynamicTest> everyCaseEndsAtItsNumbers() {
    return GoldenCase.all().stream()
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> check(golden)));
  }

  @AfterAll
  static void say() {
    System.out.println("scheduler goldens, graph: " + RAN + " ran, " + PASSED + " passed");
  }

  private static void check(GoldenCase golden) {
    RAN.incrementAndGet();
    golden.check(
        (x, table, prediction, noise) ->
            GraphLoop.run(SchedulerGoldensTest::ratio, x, table, prediction, noise),
        TOLERANCE);
    PASSED.incrementAndGet();
  }

  /** {@code x * t / (t + 1)}. */
  private static Operand<TFloat32> ratio(Ops tf, Operand<TFloat32> x, Operand<TInt32> t) {
    int[] perRow = new int[x.shape().numDimensions()];
    Arrays.fill(perRow, 1);
    perRow[0] = -1;
    Operand<TFloat32> time = tf.dtypes.cast(t, TFloat32.class);
    Operand<TFloat32> share = tf.math.div(time, tf.math.add(time, tf.constant(1f)));
    return tf.math.mul(x, tf.reshape(share, tf.constant(perRow)));
  }
}
