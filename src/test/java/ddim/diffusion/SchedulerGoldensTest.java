package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The loops of scheduler-goldens.json, many with numbers that diffusers publishes, in float64.
 *
 * <p>{@code -Dgoldens=FILE} runs another file of the same format instead.
 */
class SchedulerGoldensTest {
  private static final double TOLERANCE = 1e-5;
  private static final AtomicInteger PASSED = new AtomicInteger();
  private static final AtomicInteger RAN = new AtomicInteger();

  @TestFactory
  Stream<DynamicTest> everyCaseEndsAtItsNumbers() {
    return GoldenCase.all().stream()
        .map(
            golden ->
                DynamicTest.dynamicTest(
                    golden.name(),
                    () -> {
                      RAN.incrementAndGet();
                      golden.check(SchedulerGoldensTest::inFloat64, TOLERANCE);
                      PASSED.incrementAndGet();
                    }));
  }

  @AfterAll
  static void say() {
    System.out.println("scheduler goldens, float64 maths: " + RAN + " ran, " + PASSED + " passed");
  }

  private static double[][] inFloat64(
      double[][] x, StepTable table, Prediction prediction, double[][][] noise) {
    ReferenceLoop loop = new ReferenceLoop(ReferenceLoop.RATIO, prediction);
    double[][] end = new double[x.length][];
    for (int row = 0; row < x.length; row++) {
      int r = row;
      end[row] = loop.run(table, x[row], k -> noise[k][r]).get(table.length() - 1).x();
    }
    return end;
  }

  @Test
  void theNormalStreamIsTorchs() {
    JsonNode torch = Goldens.read("scheduler-goldens.json").get("torch_normal");
    double[] expected = Goldens.doubles(torch.get("first8_of_first_call"));

    double[] stream = new TorchNormal(torch.get("seed").asInt()).next(768);

    for (int i = 0; i < expected.length; i++) {
      assertThat(stream[i]).isCloseTo(expected[i], within(1e-6));
    }
  }

  @Test
  void varianceOfEtaOneIsUpstreams() {
    NoiseSchedule linear = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
    JsonNode golden = Goldens.read("scheduler-goldens.json").get("ddim_variance_eta1_linear");
    for (JsonNode pair : golden.get("pairs")) {
      double[] step =
          StepFormulas.ddim(
              linear.alphaBar(pair.get("t").asInt()), linear.alphaBar(pair.get("prev").asInt()), 1);

      double sigma = step[StepTable.Column.SIGMA.ordinal()];

      assertThat(sigma * sigma).isCloseTo(pair.get("own").asDouble(), within(1e-12));
      assertThat(sigma * sigma).isCloseTo(pair.get("upstream").asDouble(), within(1e-5));
    }
  }
}
