package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What metrics are told, and how soon the device is free of rows that nobody waits for. */
class BatchListenerTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final StepTable TEN = Sampler.ddim(10, 0).table(SCHEDULE);
  private static final StepTable TWENTY = Sampler.ddim(20, 0).table(SCHEDULE);

  private final FakeTime time = new FakeTime();
  private final FakeModel model = new FakeModel();
  private final Gate gate = new Gate();
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final Batcher batcher =
      Batcher.start(
          "fake",
          model,
          Calibration.unmeasured(
              BatcherOptions.of(4).withColumnsPerCall(5).withMaxEnqueuedBatches(1)),
          time,
          new Heard());

  @AfterEach
  void close() {
    gate.open();
    batcher.close();
  }

  @Test
  void everyJobAndEveryGraphCallIsHeardOf() throws Exception {
    model.onCall(call -> gate.pass());
    Job job = submit(0, 3);
    gate.awaitCall();
    time.advance(Duration.ofMillis(40));
    assertThat(batcher.started()).isEqualTo(3);
    Job next = submit(10, 1);
    assertThat(batcher.waiting()).isEqualTo(1);
    gate.letThrough();
    gate.awaitCall();
    time.advance(Duration.ofMillis(20));
    gate.open();
    job.result().get(20, TimeUnit.SECONDS);
    next.result().get(20, TimeUnit.SECONDS);

    assertThat(heard)
        .containsExactly(
            "accepted 3",
            "started after 0 ms",
            "started after 0 ms",
            "started after 0 ms",
            "accepted 1",
            "3 of 4 rows, 5 columns, 15 steps in 40 ms",
            "started after 0 ms",
            "4 of 4 rows, 5 columns, 20 steps in 20 ms",
            "DONE 3 after 60 ms",
            "1 of 1 rows, 5 columns, 5 steps in 0 ms",
            "DONE 1 after 20 ms");
    assertThat(batcher.counters()).isEqualTo(new BatchCounters(3, 40, 45));
    assertThat(batcher.counters().fillSince(BatchCounters.NONE)).isEqualTo(40 / 45.0);
  }

  @Test
  void rowsThatNobodyWaitsForLeaveTheDeviceWithinOneSegment() throws Exception {
    model.onCall(call -> gate.pass());
    Job stays = batcher.submit(List.of(new Row(0, null, TWENTY)), null);
    gate.awaitCall();
    Job late = batcher.submit(rows(10, 2), Duration.ofSeconds(3));
    Job gone = submit(20, 1);
    gate.letThrough();
    gate.awaitCall(); // all four rows

    time.advance(Duration.ofSeconds(3));
    assertThat(late.result()).as("told at its deadline").isCompletedExceptionally();
    gone.withdraw();
    assertThat(gone.result()).as("told at once").isCompletedExceptionally();
    time.advance(Duration.ofMillis(100)); // the segment goes on
    gate.open();

    assertThat(stays.result().get(20, TimeUnit.SECONDS)).hasSize(1);
    assertThat(heard)
        .contains(
            "LATE 2 after 3000 ms",
            "WITHDRAWN 1 after 3000 ms",
            "freed 2 after 100 ms",
            "freed 1 after 100 ms");
    assertThat(model.calls())
        .extracting(FakeModel.Call::seeds)
        .startsWith(List.of(0L), List.of(20L, 0L, 10L, 11L));
    assertThat(model.calls().subList(2, 4)).allMatch(call -> call.seeds().equals(List.of(0L)));
  }

  @Test
  void whoIsRefusedIsHeardOf() {
    model.onCall(call -> gate.pass());

    assertThatThrownBy(() -> submit(0, 5)).isInstanceOf(RefusedException.class);

    assertThat(heard).containsExactly("QUEUE_FULL 5");
  }

  private Job submit(long firstSeed, int count) {
    return batcher.submit(rows(firstSeed, count), null);
  }

  private static List<Row> rows(long firstSeed, int count) {
    return LongStream.range(firstSeed, firstSeed + count)
        .mapToObj(seed -> new Row(seed, null, TEN))
        .toList();
  }

  private final class Heard implements BatchListener {
    @Override
    public void accepted(int rows) {
      heard.add("accepted " + rows);
    }

    @Override
    public void refused(RefusedException.Reason reason, int rows) {
      heard.add(reason + " " + rows);
    }

    @Override
    public void started(Duration queueTime) {
      heard.add("started after " + queueTime.toMillis() + " ms");
    }

    @Override
    public void computed(GraphCall call) {
      heard.add(
          "%d of %d rows, %d columns, %d steps in %d ms"
              .formatted(
                  call.rows(),
                  call.batchSize(),
                  call.columns(),
                  call.steps(),
                  call.time().toMillis()));
    }

    @Override
    public void ended(Outcome outcome, int rows, Duration sinceAccepted) {
      heard.add(outcome + " " + rows + " after " + sinceAccepted.toMillis() + " ms");
    }

    @Override
    public void freed(int rows, Duration sinceEnd) {
      heard.add("freed " + rows + " after " + sinceEnd.toMillis() + " ms");
    }
  }
}
