package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.serve.batch.RefusedException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Two models on one device. */
class DeviceTurnsTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final Map<Integer, Duration> TEN_MILLIS_A_STEP =
      Map.of(1, Duration.ofMillis(10), 2, Duration.ofMillis(10), 4, Duration.ofMillis(10));

  private final DeviceTurns device = new DeviceTurns();
  private final FakeModel clothes = new FakeModel();
  private final FakeModel faces = new FakeModel();

  @Test
  void oneCallAtATimeAndBothGetTurns() throws Exception {
    List<String> calls = new CopyOnWriteArrayList<>();
    AtomicInteger running = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    clothes.onCall(call -> note("clothes", calls, running, overlaps));
    faces.onCall(call -> note("faces", calls, running, overlaps));
    BatcherOptions steps = BatcherOptions.of(2).withColumnsPerCall(1);
    try (SystemTime time = new SystemTime();
        Batcher one = start(clothes, Calibration.unmeasured(steps), time);
        Batcher other = start(faces, Calibration.unmeasured(steps), time)) {
      Job first = one.submit(rows(1, 1, 40), null);
      Job second = other.submit(rows(2, 1, 40), null);
      Calibration.measure(new NotingModel(calls, running, overlaps), steps, time, device);

      first.result().get(20, TimeUnit.SECONDS);
      second.result().get(20, TimeUnit.SECONDS);
    }
    assertThat(overlaps).hasValue(0);
    for (String name : List.of("clothes", "faces")) {
      assertThat(calls.subList(0, 40).stream().filter(name::equals).count())
          .as(name)
          .isGreaterThan(10);
    }
    assertThat(calls.subList(0, 60)).as("between their calls").contains("new");
  }

  @Test
  void whatTheOtherTakesIsKnown() {
    FakeTime time = new FakeTime();
    Gate gate = new Gate();
    Calibration calibration = new Calibration(BatcherOptions.of(4), TEN_MILLIS_A_STEP);
    Terms terms = Terms.within(Duration.ofMillis(760));
    try (Batcher one = start(clothes, calibration, time);
        Batcher other = start(faces, calibration, time)) {
      assertThat(other.affordableSteps(new Demand(1, 1), 5, 100, terms)).isEqualTo(60);
      clothes.onCall(call -> gate.pass());
      Job running = one.submit(rows(1, 1, 50), null);
      gate.awaitCall();
      time.advance(Duration.ofMillis(100)); // 400 ms are left of it

      assertThat(other.affordableSteps(new Demand(1, 1), 5, 100, terms)).isEqualTo(20);
      assertThatThrownBy(() -> other.submit(rows(2, 1, 21), terms.timeLeft()))
          .isInstanceOfSatisfying(
              RefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
      Job waiting = other.submit(rows(2, 1, 20), terms.timeLeft());
      assertThat(faces.calls()).isEmpty();
      gate.open();
      assertThat(running.result().join()).hasSize(1);
      assertThat(waiting.result().join()).hasSize(1);
      assertThat(other.affordableSteps(new Demand(1, 1), 5, 100, terms)).isEqualTo(60);
    }
  }

  @Test
  void inShortCallsTheOtherTakesItsTimeAgainAndAgain() {
    FakeTime time = new FakeTime();
    Gate gate = new Gate();
    Calibration calibration =
        new Calibration(BatcherOptions.of(4).withColumnsPerCall(2), TEN_MILLIS_A_STEP);
    try (Batcher one = start(clothes, calibration, time);
        Batcher other = start(faces, calibration, time)) {
      clothes.onCall(call -> gate.pass());
      one.submit(rows(1, 1, 50), null);
      gate.awaitCall();

      // 20 ms are left of its call, then 2 steps of ours and 2 of its in turns
      assertThat(
              other.affordableSteps(new Demand(1, 1), 5, 100, Terms.within(Duration.ofMillis(535))))
          .isEqualTo(20);
      gate.open();
    }
  }

  @Test
  void rowsThatLeaveWhileTheyWaitForATurnAreNotComputed() throws Exception {
    Gate gate = new Gate();
    clothes.onCall(call -> gate.pass());
    try (SystemTime time = new SystemTime();
        Batcher one = start(clothes, Calibration.unmeasured(BatcherOptions.of(1)), time);
        Batcher other = start(faces, Calibration.unmeasured(BatcherOptions.of(1)), time)) {
      Job running = one.submit(rows(1, 1, 5), null);
      gate.awaitCall();
      Job gone = other.submit(rows(2, 1, 5), null);
      gone.withdraw();
      Job stays = other.submit(rows(3, 1, 5), null);
      gate.open();
      running.result().get(20, TimeUnit.SECONDS);
      stays.result().get(20, TimeUnit.SECONDS);
      assertThat(faces.calls()).extracting(FakeModel.Call::seeds).containsExactly(List.of(3L));
    }
  }

  private static final class NotingModel extends FakeModel {
    NotingModel(List<String> calls, AtomicInteger running, AtomicInteger overlaps) {
      onCall(call -> note("new", calls, running, overlaps));
    }
  }

  private static void note(
      String name, List<String> calls, AtomicInteger running, AtomicInteger overlaps) {
    calls.add(name);
    if (running.incrementAndGet() > 1) {
      overlaps.incrementAndGet();
    }
    try {
      Thread.sleep(2);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    running.decrementAndGet();
  }

  private Batcher start(FakeModel model, Calibration calibration, TimeSource time) {
    return Batcher.start("fake", model, calibration, time, BatchListener.NONE, device);
  }

  private static List<Row> rows(long firstSeed, int count, int steps) {
    StepTable table = Sampler.ddim(steps, 0).table(SCHEDULE);
    return LongStream.range(firstSeed, firstSeed + count)
        .mapToObj(seed -> new Row(seed, null, table))
        .toList();
  }
}
