package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import ddim.model.TrajectoryTimeoutException;
import ddim.serve.batch.RefusedException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatcherTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);
  private static final StepTable TEN = Sampler.ddim(10, 0).table(SCHEDULE);

  private final FakeTime time = new FakeTime();
  private final FakeModel model = new FakeModel();
  private final Gate gate = new Gate();
  private Batcher batcher = Batcher.start("fake", model, BatcherOptions.of(4), time);

  @AfterEach
  void close() {
    gate.open();
    batcher.close();
  }

  @Test
  void rowsOfSeveralRequestsShareOneCallAndComeBackApart() throws Exception {
    hold(BatcherOptions.of(4));
    Job first = submit(1, 1, TEN);
    gate.awaitCall();
    Job second = submit(20, 1, table(10, 1));
    Job third = submit(30, 2, TEN);
    gate.open();

    assertThat(images(first)).containsExactly(model.image(1, TEN));
    assertThat(images(second)).containsExactly(model.image(20, table(10, 1)));
    assertThat(images(third)).containsExactly(model.image(30, TEN), model.image(31, TEN));
    assertThat(model.calls()).extracting(FakeModel.Call::seeds).contains(List.of(20L, 30L, 31L));
    assertThat(model.calls().get(1).batchSize()).isEqualTo(4);
  }

  @Test
  void aLargeRequestIsSplitAndPutTogetherAgain() throws Exception {
    Job job = submit(100, 11, TEN);

    assertThat(images(job))
        .containsExactly(
            LongStream.range(100, 111)
                .mapToObj(seed -> model.image(seed, TEN))
                .toArray(float[][]::new));
    assertThat(model.calls()).hasSize(3).allMatch(call -> call.columns() == 10);
  }

  @Test
  void theNetworkComputesAnAllowedSizeWhateverIsGuided() throws Exception {
    FakeModel labelled = new FakeModel(3); // refuses calls that are too small for their rows
    for (BatcherOptions options :
        List.of(BatcherOptions.of(4).withAllowedBatchSizes(List.of(4)), BatcherOptions.of(5))) {
      try (Batcher guiding = Batcher.start("labels", labelled, options, time)) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          Condition condition = new Condition(i % 3, i % 2 == 0 ? 3 : 1);
          rows.add(new Row(i, null, null, List.of(table(1 + i % 4, 1)), List.of(), condition));
        }
        List<float[]> images = images(guiding.submit(rows, null));

        for (int i = 0; i < rows.size(); i++) {
          assertThat(images.get(i))
              .isEqualTo(labelled.image(i, table(1 + i % 4, 1), rows.get(i).condition()));
        }
        assertThat(guiding.counters().steps()).isEqualTo(rows.stream().mapToLong(Row::work).sum());
      }
    }
    assertThat(labelled.calls().stream().map(FakeModel.Call::batchSize).distinct())
        .isSubsetOf(1, 2, 4, 5)
        .contains(4, 5);
  }

  @Test
  void aGuidedRowIsComputedThoughBatchesHaveOnePlace() throws Exception {
    FakeModel labelled = new FakeModel(3);
    Calibration calibration = Calibration.measure(labelled, BatcherOptions.of(1), time);
    assertThat(calibration.stepTimes()).containsOnlyKeys(1, 2);
    Row row = new Row(7, null, null, List.of(TEN), List.of(), new Condition(1, 3));
    try (Batcher guiding =
        Batcher.start("labels", labelled, calibration, time, BatchListener.NONE)) {
      assertThat(images(guiding.submit(List.of(row), null)))
          .containsExactly(labelled.image(7, TEN, row.condition()));
    }
  }

  @Test
  void guidedImagesThatTheQueueCanNeverHoldAreTheCallersFault() {
    FakeModel labelled = new FakeModel(3);
    Row row = new Row(7, null, null, List.of(TEN), List.of(), new Condition(1, 3));
    try (Batcher guiding =
        Batcher.start("labels", labelled, BatcherOptions.of(4).withMaxEnqueuedBatches(1), time)) {
      assertThatThrownBy(() -> guiding.submit(List.of(row, row, row), null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("3 guided images count as 6, the queue holds 4");
    }
  }

  @Test
  void aSingleImageDoesNotWaitForALargeRequest() throws Exception {
    hold(BatcherOptions.of(4));
    Job large = submit(100, 40, TEN);
    gate.awaitCall();
    Job single = submit(7, 1, TEN);
    gate.letThrough();
    gate.awaitCall();
    gate.letThrough();

    assertThat(images(single)).containsExactly(model.image(7, TEN));
    assertThat(large.result()).isNotDone();
  }

  @Test
  void aShortRowLeavesWhereItEndsAndAnotherJoins() throws Exception {
    hold(BatcherOptions.of(2));
    Job longRow = submit(1, 1, table(50, 0));
    gate.awaitCall();
    gate.letThrough();
    images(longRow);
    submit(2, 1, TEN);
    gate.awaitCall(); // holds the dispatcher until both of the next are there
    Job slow = submit(3, 1, table(50, 0));
    Job quick = submit(4, 1, table(5, 0));
    Job next = submit(5, 1, table(55, 0));
    gate.open();

    assertThat(images(quick)).containsExactly(model.image(4, table(5, 0)));
    assertThat(images(slow)).containsExactly(model.image(3, table(50, 0)));
    assertThat(images(next)).containsExactly(model.image(5, table(55, 0)));
    assertThat(model.calls().subList(2, 4))
        .extracting(call -> Set.copyOf(call.seeds()), FakeModel.Call::columns)
        .containsExactly(tuple(Set.of(3L, 4L), 5), tuple(Set.of(3L, 5L), 45));
  }

  @Test
  void withColumnsPerCallRowsJoinBetweenSegments() throws Exception {
    hold(BatcherOptions.of(4).withColumnsPerCall(3));
    Job first = submit(1, 1, TEN);
    gate.awaitCall();
    Job second = submit(2, 1, TEN);
    gate.open();

    assertThat(images(first)).containsExactly(model.image(1, TEN));
    assertThat(images(second)).containsExactly(model.image(2, TEN));
    assertThat(model.calls())
        .extracting(FakeModel.Call::seeds)
        .startsWith(List.of(1L), List.of(1L, 2L), List.of(1L, 2L));
    assertThat(model.calls()).allMatch(call -> call.columns() <= 3);
  }

  @Test
  void anIdleModelWaitsForTheWindowAndNoLonger() throws Exception {
    restart(BatcherOptions.of(4).withBatchTimeout(Duration.ofMillis(5)));
    Job first = submit(1, 1, TEN);
    time.awaitAlarms(1);
    time.advance(Duration.ofMillis(4));
    Job second = submit(2, 1, TEN);
    time.awaitAlarms(1);
    assertThat(model.calls()).isEmpty();

    time.advance(Duration.ofMillis(1));

    images(first);
    images(second);
    assertThat(model.calls()).extracting(FakeModel.Call::seeds).containsExactly(List.of(1L, 2L));
  }

  @Test
  void aFullBatchDoesNotWaitForTheWindow() throws Exception {
    restart(BatcherOptions.of(4).withBatchTimeout(Duration.ofDays(1)));

    images(submit(1, 4, TEN));

    assertThat(model.calls()).hasSize(1);
  }

  @Test
  void aFullQueueRefusesAndSaysWhenToTryAgain() throws Exception {
    hold(BatcherOptions.of(4).withMaxEnqueuedBatches(2));
    Job running = submit(1, 4, TEN);
    gate.awaitCall();
    Job waiting = submit(10, 7, TEN);

    assertThatThrownBy(() -> submit(20, 2, TEN))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.QUEUE_FULL);
              assertThat(e.retryAfter()).contains(Duration.ofMillis(100));
              assertThat(e).hasMessage("7 images wait already, of at most 8");
            });

    Job fits = submit(30, 1, TEN);
    gate.open();
    for (Job job : List.of(running, waiting, fits)) {
      images(job);
    }
  }

  @Test
  void aWithdrawnRequestLeavesTheQueueAtOnce() throws Exception {
    hold(BatcherOptions.of(4).withMaxEnqueuedBatches(1));
    Job running = submit(1, 1, TEN);
    gate.awaitCall();
    Job gone = submit(10, 4, TEN);

    gone.withdraw();

    assertThatThrownBy(() -> images(gone)).isInstanceOf(CancellationException.class);
    Job takesItsPlace = submit(20, 4, TEN);
    gate.open();
    images(running);
    images(takesItsPlace);
    assertThat(model.calls())
        .extracting(FakeModel.Call::seeds)
        .containsExactly(List.of(1L), List.of(20L, 21L, 22L, 23L));
  }

  @Test
  void aRunningRequestThatIsWithdrawnLeavesAtTheNextBoundary() throws Exception {
    hold(BatcherOptions.of(2).withColumnsPerCall(2));
    Job gone = submit(1, 1, TEN);
    gate.awaitCall();
    Job stays = submit(2, 1, TEN);
    gate.letThrough();
    gate.awaitCall();

    gone.withdraw();

    assertThatThrownBy(() -> images(gone)).isInstanceOf(CancellationException.class);
    gate.open();
    assertThat(images(stays)).containsExactly(model.image(2, TEN));
    assertThat(model.calls().subList(1, 3))
        .extracting(FakeModel.Call::seeds)
        .containsExactly(List.of(1L, 2L), List.of(2L));
  }

  @Test
  void aLateRequestIsToldAtItsDeadlineNotWhenItsTurnComes() {
    hold(BatcherOptions.of(1));
    submit(1, 1, TEN);
    gate.awaitCall();
    Job late = batcher.submit(List.of(new Row(2, null, TEN)), Duration.ofSeconds(3));

    time.advance(Duration.ofMillis(2999));
    assertThat(late.result()).isNotDone();
    time.advance(Duration.ofMillis(1));

    assertRefused(late, Reason.LATE);
    assertThatThrownBy(() -> batcher.submit(List.of(new Row(3, null, TEN)), Duration.ZERO))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("time was over");
  }

  @Test
  void aMetDeadlineLeavesNoAlarmBehind() throws Exception {
    images(batcher.submit(List.of(new Row(2, null, TEN)), Duration.ofSeconds(3)));

    assertThat(time.alarms()).isZero();
  }

  @Test
  void theGraphIsStoppedOnlyWhenEveryRowWouldBeLate() throws Exception {
    hold(BatcherOptions.of(4));
    submit(1, 1, TEN);
    gate.awaitCall();
    Job three = batcher.submit(List.of(new Row(2, null, TEN)), Duration.ofSeconds(3));
    Job five = batcher.submit(List.of(new Row(3, null, TEN)), Duration.ofSeconds(5));
    gate.letThrough();
    gate.awaitCall();
    assertThat(model.calls().get(1).limit()).isEqualTo(Duration.ofSeconds(5));
    Job patient = submit(4, 1, TEN);
    gate.letThrough();
    images(three);
    images(five);
    gate.open();
    images(patient);

    assertThat(model.calls().get(0).limit()).isNull();
    assertThat(model.calls().get(2).limit()).isNull();
  }

  @Test
  void aStoppedGraphMeansThatEveryRowOfTheBatchIsLate() throws Exception {
    model.onCall(
        call -> {
          if (call.limit() != null) {
            throw new TrajectoryTimeoutException("over", new IllegalStateException());
          }
        });

    Job late = batcher.submit(List.of(new Row(2, null, TEN)), Duration.ofSeconds(3));

    assertRefused(late, Reason.LATE);
    assertThat(images(submit(1, 1, TEN))).hasSize(1);
  }

  @Test
  void whatTheModelThrowsEndsItsBatchAndNothingElse() throws Exception {
    hold(BatcherOptions.of(1)); // one row a batch
    model.onCall(
        call -> {
          gate.pass();
          if (call.seeds().contains(13L)) {
            throw new IllegalStateException("unlucky");
          }
          if (call.seeds().contains(14L)) {
            throw new StackOverflowError("deep");
          }
        });
    Job first = submit(1, 1, TEN);
    gate.awaitCall();
    Job unlucky = submit(12, 2, TEN);
    Job deep = submit(14, 1, TEN);
    Job after = submit(20, 2, TEN);
    gate.open();

    images(first);
    assertThatThrownBy(() -> images(unlucky)).hasMessage("unlucky");
    assertThatThrownBy(() -> images(deep)).hasMessage("deep");
    assertThat(images(submit(30, 1, TEN))).containsExactly(model.image(30, TEN));
    assertThat(after.result()).succeedsWithin(Gate.PATIENCE).isNotNull();
  }

  @Test
  void shutdownLetsTheRunningFinishAndTellsTheWaiting() throws Exception {
    hold(BatcherOptions.of(2));
    Job running = submit(1, 2, TEN);
    gate.awaitCall();
    Job waiting = submit(10, 1, TEN);

    CompletableFuture<Void> answered = batcher.shutdown(Duration.ofSeconds(30));

    assertRefused(waiting, Reason.STOPPING);
    assertThatThrownBy(() -> submit(20, 1, TEN))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("shut down");
    assertThat(answered).isNotDone();
    gate.open();
    assertThat(images(running)).hasSize(2);
    answered.get(20, TimeUnit.SECONDS);
    batcher.terminated().get(20, TimeUnit.SECONDS);
  }

  @Test
  void afterTheGraceNobodyIsLeftWaiting() throws Exception {
    hold(BatcherOptions.of(2));
    Job running = submit(1, 2, TEN);
    gate.awaitCall();
    CompletableFuture<Void> answered = batcher.shutdown(Duration.ofSeconds(30));

    time.advance(Duration.ofSeconds(30));

    assertRefused(running, Reason.STOPPING);
    assertThat(answered).isDone();
    assertThat(batcher.terminated()).isNotDone(); // the graph call cannot be stopped
    gate.open();
    batcher.terminated().get(20, TimeUnit.SECONDS);
  }

  @Test
  void rowsOfEveryOperationShareACall() throws Exception {
    hold(BatcherOptions.of(4));
    Sampler sampler = Sampler.ddim(10, 0);
    StepTable there = sampler.encodeTable(SCHEDULE);
    float[] image = model.image(9, TEN);
    Job first = submit(1, 1, TEN);
    gate.awaitCall();
    Job sample = submit(20, 1, TEN);
    Job encode = batcher.submit(List.of(new Row(30, image, there)), null);
    Job decode = batcher.submit(List.of(new Row(40, image, TEN)), null);
    Job both = batcher.submit(List.of(new Row(50, image, List.of(there, TEN), List.of())), null);
    gate.open();

    images(first);
    assertThat(images(sample)).containsExactly(model.image(20, TEN));
    assertThat(images(encode)).containsExactly(model.image(30, image, there));
    assertThat(images(decode)).containsExactly(model.image(40, image, TEN));
    assertThat(images(both)).containsExactly(model.image(50, model.image(50, image, there), TEN));
    assertThat(model.calls())
        .extracting(FakeModel.Call::seeds)
        .containsExactly(List.of(1L), List.of(20L, 30L, 40L, 50L), List.of(50L));
  }

  @Test
  void aRowWithoutTablesIsItsStart() throws Exception {
    Row noise = new Row(7, null, List.of(), List.of());
    Row latent = new Row(7, model.latent(8), List.of(), List.of());

    Job job = batcher.submit(List.of(noise, latent), null);

    assertThat(images(job)).containsExactly(model.latent(7), model.latent(8));
    assertThat(model.calls()).isEmpty();
  }

  @Test
  void noCallGoesBeyondAStopAndListenersHearOfEveryCall() throws Exception {
    List<String> heard = new CopyOnWriteArrayList<>();
    List<Row> rows =
        List.of(
            new Row(1, null, List.of(TEN), List.of(3, 8)),
            new Row(2, null, List.of(TEN), List.of()));

    images(
        batcher.submit(
            rows,
            Terms.within(null),
            (index, steps, x, x0, finished) ->
                heard.add(index + ": " + steps + (finished ? " finished" : ""))));

    assertThat(model.calls()).extracting(FakeModel.Call::columns).containsExactly(3, 5, 2);
    assertThat(heard)
        .containsExactly("0: 3", "1: 3", "0: 8", "1: 8", "0: 10 finished", "1: 10 finished");
  }

  @Test
  void aRowOfAnotherSizeIsRefusedBeforeItTakesItsBatchAlong() {
    Row row = new Row(1, new float[5], TEN);

    assertThatThrownBy(() -> batcher.submit(List.of(row), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an image of this model has 6 numbers, not 5");
  }

  @Test
  void aRequestForNothingIsTheCallersFault() {
    assertThatThrownBy(() -> batcher.submit(List.of(), null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void restart(BatcherOptions options) {
    batcher.close();
    batcher = Batcher.start("fake", model, options, time);
  }

  private void hold(BatcherOptions options) {
    restart(options);
    model.onCall(call -> gate.pass());
  }

  private Job submit(long firstSeed, int count, StepTable table) {
    return batcher.submit(
        LongStream.range(firstSeed, firstSeed + count)
            .mapToObj(seed -> new Row(seed, null, table))
            .toList(),
        null);
  }

  private static StepTable table(int steps, double eta) {
    return Sampler.ddim(steps, eta).table(SCHEDULE);
  }

  private static List<float[]> images(Job job) throws Exception {
    try {
      return job.result().get(Gate.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause().getMessage(), e);
    }
  }

  private static void assertRefused(Job job, Reason reason) {
    assertThatThrownBy(() -> images(job))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
