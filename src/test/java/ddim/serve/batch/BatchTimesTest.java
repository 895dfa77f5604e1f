package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.ModelFormatException;
import ddim.serve.batch.RefusedException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is measured of a model, and what is promised from it. */
class BatchTimesTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final Map<Integer, Duration> TEN_MILLIS_A_STEP =
      Map.of(1, Duration.ofMillis(10), 2, Duration.ofMillis(10), 4, Duration.ofMillis(10));

  private final FakeTime time = new FakeTime();
  private final FakeModel model = new FakeModel();
  private final Gate gate = new Gate();
  private Batcher batcher = Batcher.start("fake", model, calibration(), time, BatchListener.NONE);

  @AfterEach
  void close() {
    gate.open();
    batcher.close();
  }

  @Test
  void theSweepEndsWhereThroughputStopsGrowing() {
    // 1, 2, 4 rows: 3 ms a step; 8: 4; from there on twice as long for twice as many
    model.onCall(
        call -> {
          int millis = call.batchSize() <= 4 ? 3 : call.batchSize() / 2;
          time.advance(Duration.ofMillis((long) millis * call.columns()));
        });

    Calibration calibration =
        Calibration.measure(model, BatcherOptions.of(256).withSweep(true), time);

    assertThat(calibration.options().maxBatchSize()).isEqualTo(8);
    assertThat(calibration.options().allowedBatchSizes()).containsExactly(1, 2, 4, 8);
    assertThat(calibration.options().maxEnqueuedImages()).isEqualTo(64 * 256);
    assertThat(calibration.stepTimes())
        .containsExactlyEntriesOf(
            new TreeMap<>(
                Map.of(
                    1, Duration.ofMillis(3),
                    2, Duration.ofMillis(3),
                    4, Duration.ofMillis(3),
                    8, Duration.ofMillis(4),
                    16, Duration.ofMillis(8),
                    32, Duration.ofMillis(16))));
  }

  @Test
  void whereThereIsNoMemoryForMoreTheSweepEnds() {
    model.onCall(
        call -> {
          time.advance(Duration.ofMillis(1));
          if (call.batchSize() > 2) {
            throw new IllegalStateException("no memory");
          }
        });
    BatcherOptions options = BatcherOptions.of(4);

    assertThat(Calibration.measure(model, options.withSweep(true), time).options().maxBatchSize())
        .isEqualTo(2);
    assertThatThrownBy(() -> Calibration.measure(model, options, time)).hasMessage("no memory");
  }

  @Test
  void sizesThatWereSaidAreKept() {
    Calibration calibration = Calibration.measure(model, BatcherOptions.of(4), time);

    assertThat(calibration.options()).isEqualTo(BatcherOptions.of(4));
    assertThat(calibration.stepTimes()).containsOnlyKeys(1, 2, 4);
  }

  @Test
  void aModelThatComputesNoNumbersIsRefused() {
    FakeModel broken = new FakeModel();
    broken.breakNumbers();

    assertThatThrownBy(() -> Calibration.measure(broken, BatcherOptions.of(1), time))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage("the model computes pixels that are not finite: NaN");
  }

  @Test
  void theTimeOfAStepIsTheMedianAndIsForgottenWhenItOnlyRefuses() {
    StepTimes times = new StepTimes();
    assertThat(times.at(3)).isEmpty();
    for (int millis : new int[] {9, 10, 500, 11, 10}) {
      times.add(4, Duration.ofMillis(millis));
    }
    assertThat(times.at(3)).as("one stall does not count").contains(Duration.ofMillis(11));
    assertThat(times.at(8)).contains(Duration.ofMillis(22));

    for (int i = 0; i < 4 * StepTimes.DOUBTS; i++) {
      times.doubt();
    }
    assertThat(times.at(3)).as("the fastest is left").contains(Duration.ofMillis(9));
    for (int i = 0; i < StepTimes.DOUBTS; i++) {
      times.doubt();
    }
    assertThat(times.at(3)).isEmpty();
  }

  @Test
  void aMachineThatHasBecomeSlowerIsBelievedAfterTwoCallsAndAFasterOneAfterThree() {
    StepTimes times = new StepTimes();
    for (int millis : new int[] {10, 10, 10, 10, 10, 10, 10, 15, 15}) {
      times.add(4, Duration.ofMillis(millis));
    }
    assertThat(times.at(4)).contains(Duration.ofMillis(15));

    times.add(4, Duration.ofMillis(15));
    times.add(4, Duration.ofMillis(10));
    times.add(4, Duration.ofMillis(10));
    assertThat(times.at(4)).contains(Duration.ofMillis(15));
    times.add(4, Duration.ofMillis(10));
    assertThat(times.at(4)).contains(Duration.ofMillis(10));
  }

  @Test
  void whatWouldBeLateDoesNotBeginWhereOthersWaitForThePlace() throws Exception {
    model.onCall(call -> gate.pass());
    submit(0, 4, 50);
    gate.awaitCall();
    Terms terms = new Terms("other", 0, Duration.ofMillis(1000));
    Job hopeless = batcher.submit(rows(100, 1, 20), terms, RowListener.NONE);
    Job patient = batcher.submit(rows(200, 4, 20), new Terms("third", 0, null), RowListener.NONE);

    time.advance(Duration.ofMillis(850)); // the call takes longer than it should; 150 ms are left
    model.onCall(call -> {});
    gate.letThrough();

    assertThat(patient.result().get(20, TimeUnit.SECONDS)).hasSize(4);
    assertThatThrownBy(() -> hopeless.result().get(20, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(RefusedException.class)
        .hasRootCauseMessage("the time that is left is too short for its steps");
  }

  @Test
  void anIdleDeviceAllowsWhatTheTimeIsFor() {
    // (time left - 10 ms for the reply) / 1.25 / 10 ms a step
    assertThat(steps(1, Duration.ofMillis(310))).isEqualTo(24);
    assertThat(steps(4, Duration.ofMillis(310))).isEqualTo(24);
    assertThat(steps(8, Duration.ofMillis(310))).as("two batches").isEqualTo(12);
    assertThat(steps(1, Duration.ofMinutes(1))).as("the most").isEqualTo(50);
    assertThat(steps(1, null)).as("without a deadline").isEqualTo(50);
    assertThat(
            batcher.affordableSteps(new Demand(1, 1), 5, 50, Terms.within(Duration.ofMillis(73))))
        .isEqualTo(5);
  }

  @Test
  void guidedImagesTakeTwoPlaces() {
    Terms terms = Terms.within(Duration.ofMillis(310));
    assertThat(batcher.affordableSteps(new Demand(2, 2), 5, 50, terms)).isEqualTo(24);
    assertThat(batcher.affordableSteps(new Demand(4, 2), 5, 50, terms))
        .as("two batches")
        .isEqualTo(12);
    FakeModel labelled = new FakeModel(3);
    try (Batcher ofLabels =
        Batcher.start("labels", labelled, calibration(), time, BatchListener.NONE)) {
      labelled.onCall(call -> gate.pass());
      List<Row> guided =
          rows(0, 4, 50).stream()
              .map(r -> new Row(r.seed(), null, null, r.tables(), List.of(), new Condition(1, 3)))
              .toList();
      ofLabels.submit(guided, null);
      gate.awaitCall();
      // 8 places of 50 steps on 4 are 1000 ms; (1510 - 10) / 1.25 - 1000
      assertThat(
              ofLabels.affordableSteps(
                  new Demand(1, 1), 5, 50, Terms.within(Duration.ofMillis(1510))))
          .isEqualTo(20);
      gate.open();
    }
  }

  @Test
  void whatIsAheadTakesItsTime() {
    model.onCall(call -> gate.pass());
    submit(0, 4, 50);
    gate.awaitCall(); // 500 ms

    time.advance(Duration.ofMillis(100)); // 400 ms are left of it
    assertThat(batcher.affordableSteps(new Demand(1, 1), 5, 50, other(Duration.ofMillis(760))))
        .isEqualTo(10);
    submit(10, 8, 50); // of which the other client has to wait for 1, and for the 4
    assertThat(batcher.affordableSteps(new Demand(1, 1), 5, 50, other(Duration.ofMillis(886))))
        .isEqualTo(20);
    // This one waits for all 12 rows: 600 steps on 4 places are 1500 ms
    assertThat(steps(1, Duration.ofMillis(2010))).isEqualTo(10);
  }

  @Test
  void whatCannotBeMetIsRefusedAtOnceWithTheEstimate() {
    assertThatThrownBy(() -> steps(1, Duration.ofMillis(72)))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LATE))
        .hasMessage(
            "1 images of 5 steps would take about 50 ms, after 0 ms for what is ahead;"
                + " 72 ms are left");
    assertThatThrownBy(() -> batcher.submit(rows(0, 1, 50), Duration.ofMillis(499)))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LATE))
        .hasMessageContaining("50 steps would take about 500 ms");
    assertThat(model.calls()).isEmpty();
  }

  @Test
  void aWrongMeasurementDoesNotRefuseForEver() throws Exception {
    for (int i = 0; i < StepTimes.DOUBTS; i++) {
      assertThatThrownBy(() -> steps(1, Duration.ofMillis(50)))
          .isInstanceOf(RefusedException.class);
    }

    Job job = batcher.submit(rows(0, 1, 50), Duration.ofMillis(50)); // nothing is known any more

    assertThat(job.result().get(20, TimeUnit.SECONDS)).hasSize(1);
  }

  @Test
  void whatIsPromisedIsKept() throws Exception {
    Random random = new Random(5);
    for (int round = 0; round < 20; round++) {
      model.onCall(call -> gate.pass());
      submit(0, 1 + random.nextInt(4), 20);
      gate.awaitCall();
      submit(10, 1 + random.nextInt(20), 10);
      List<Job> jobs = new ArrayList<>();
      for (int client = 0; client < 5; client++) {
        int rows = 1 + random.nextInt(6);
        Terms terms =
            new Terms("client " + client, 0, Duration.ofMillis(3000 + random.nextInt(2000)));
        int steps = batcher.affordableSteps(new Demand(rows, 1), 1, 30, terms);
        jobs.add(batcher.submit(rows(100, rows, steps), terms, RowListener.NONE));
      }
      model.onCall(call -> time.advance(Duration.ofMillis(10L * call.columns())));
      gate.letThrough();
      for (Job job : jobs) {
        assertThat(job.result().get(20, TimeUnit.SECONDS)).isNotEmpty();
      }
    }
  }

  private static Calibration calibration() {
    return new Calibration(BatcherOptions.of(4), TEN_MILLIS_A_STEP);
  }

  private int steps(int rows, Duration timeLeft) {
    return batcher.affordableSteps(new Demand(rows, 1), 5, 50, Terms.within(timeLeft));
  }

  private static Terms other(Duration timeLeft) {
    return new Terms("other", 0, timeLeft);
  }

  private Job submit(long firstSeed, int count, int steps) {
    return batcher.submit(rows(firstSeed, count, steps), null);
  }

  private static List<Row> rows(long firstSeed, int count, int steps) {
    StepTable table = Sampler.ddim(steps, 0).table(SCHEDULE);
    return LongStream.range(firstSeed, firstSeed + count)
        .mapToObj(seed -> new Row(seed, null, table))
        .toList();
  }
}
