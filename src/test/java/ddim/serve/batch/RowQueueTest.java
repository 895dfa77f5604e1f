package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.Condition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RowQueueTest {
  private static final StepTable TABLE =
      Sampler.ddim(2, 0).table(NoiseSchedule.of(ScheduleConfig.LINEAR_1000));
  private static final float[] IMAGE = {0};

  private final RowQueue queue = new RowQueue(1000, 3);

  @Test
  void smallJobsPassALargeOne() {
    queue.add(job(100, 50));
    queue.add(job(200, 1));
    queue.add(job(300, 3));

    assertThat(seeds(queue.draw(8)))
        .containsExactly(200L, 300L, 301L, 302L, 100L, 101L, 102L, 103L);
  }

  @Test
  void aNewcomerGetsThePlaceOfARowOfALargerJob() {
    queue.add(job(100, 50));
    assertThat(seeds(queue.draw(4))).containsExactly(100L, 101L, 102L, 103L);

    queue.add(job(200, 1));

    assertThat(seeds(queue.draw(4))).containsExactly(200L, 100L, 101L, 102L);
  }

  @Test
  void aNewcomerPassesALargerJobThoughAllOfItsRowsHaveBegun() {
    queue.add(job(100, 4));
    queue.draw(4);
    queue.add(job(200, 1));

    assertThat(seeds(queue.draw(4))).containsExactly(200L, 100L, 101L, 102L);
  }

  @Test
  void whatAWithdrawnJobHasNotHadIsNoOnesTurn() {
    Job gone = job(0, 50);
    queue.add(gone);
    queue.draw(4);
    queue.add(job(100, 20));
    queue.remove(gone);
    queue.draw(4);
    queue.add(job(200, 10));

    assertThat(seeds(queue.draw(4))).containsExactly(200L, 201L, 202L, 203L);
  }

  @Test
  void rowsWithoutStepsHaveTheirTurnsToo() {
    queue.add(job(0, 5));
    queue.add(job(100, 50, "", 0, seed -> new Row(seed, null, List.of(), List.of())));

    assertThat(seeds(queue.draw(4))).containsExactly(0L, 1L, 2L, 3L);
  }

  @Test
  void anInterruptedRowGoesOnBeforeItsJobStartsAnother() {
    queue.add(job(100, 50));
    queue.draw(4);
    queue.add(job(200, 1));
    Ticket newcomer = queue.draw(4).get(0);

    assertThat(queue.finish(newcomer, IMAGE)).hasSize(1);

    assertThat(seeds(queue.draw(4))).containsExactly(100L, 101L, 102L, 103L);
  }

  @Test
  void aRunningRowIsNotInterruptedForAnEqualOne() {
    for (int seed = 0; seed < 6; seed++) {
      queue.add(job(seed, 1));
    }
    List<Ticket> first = queue.draw(4);
    assertThat(seeds(first)).containsExactly(0L, 1L, 2L, 3L);
    assertThat(seeds(queue.draw(4))).containsExactlyInAnyOrder(0L, 1L, 2L, 3L);

    queue.finish(first.get(2), IMAGE);

    assertThat(seeds(queue.draw(4))).containsExactlyInAnyOrder(0L, 1L, 3L, 4L);
  }

  @Test
  void equalJobsEndInTheOrderOfTheirArrival() {
    for (int seed = 100; seed <= 300; seed += 100) {
      queue.add(job(seed, 3));
    }
    assertThat(seeds(finishAll(queue.draw(2)))).containsExactly(100L, 101L);
    assertThat(seeds(finishAll(queue.draw(2)))).containsExactly(102L, 200L);
    queue.add(job(400, 3));
    assertThat(seeds(finishAll(queue.draw(4)))).containsExactly(201L, 202L, 300L, 301L);
  }

  @Test
  void aLargeJobIsNotKeptWaitingForEver() {
    queue.add(job(0, 10));
    int large = 0;
    for (int call = 1; call <= 29; call++) {
      queue.add(job(100 * call, 1));
      for (Ticket ticket : finishAll(queue.draw(1))) {
        large += ticket.row().seed() < 100 ? 1 : 0;
      }
      assertThat(large)
          .as("rows of the large job in %d calls", call)
          .isEqualTo(Math.max(0, call - 19));
    }
  }

  @Test
  void roomIsCountedInRowsThatWait() {
    RowQueue small = new RowQueue(10, 3);
    assertThat(small.add(job(0, 11))).isNull();
    Job eight = job(0, 8);
    assertThat(small.add(eight)).isEmpty();
    assertThat(small.add(job(20, 3))).isNull();
    assertThat(small.waiting()).isEqualTo(8);

    small.draw(4);

    assertThat(small.waiting()).isEqualTo(4);
    assertThat(small.add(job(20, 6))).isEmpty();
    assertThat(small.remove(eight)).isTrue();
    assertThat(small.remove(eight)).isFalse();
    assertThat(small.waiting()).isEqualTo(6);
  }

  @Test
  void imagesComeInTheOrderOfTheRowsWhateverFinishesFirst() {
    queue.add(job(0, 3));
    List<Ticket> batch = queue.draw(4);

    assertThat(queue.finish(batch.get(2), new float[] {2})).isNull();
    assertThat(queue.finish(batch.get(0), new float[] {0})).isNull();
    List<float[]> images = queue.finish(batch.get(1), new float[] {1});

    assertThat(images).containsExactly(new float[] {0}, new float[] {1}, new float[] {2});
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void rowsOfARemovedJobThatStillRunAreForgotten() {
    Job gone = job(0, 2);
    queue.add(gone);
    List<Ticket> batch = queue.draw(1);
    queue.remove(gone);

    assertThat(queue.finish(batch.get(0), IMAGE)).isNull();
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.waiting()).isZero();
  }

  @Test
  void aClientWithManyJobsLeavesTheOthersTheirShare() {
    for (int i = 0; i < 50; i++) {
      queue.add(job(1000 + i, 1, "greedy", 1));
    }
    queue.add(job(200, 10, "large", 1));
    queue.add(job(300, 1, "small", 1));

    assertThat(seeds(queue.draw(7))).containsExactly(1000L, 1001L, 1002L, 200L, 201L, 202L, 300L);
  }

  @Test
  void clientsTakeTurnsWhereThereAreMoreOfThemThanPlaces() {
    for (String client : List.of("a", "b", "c")) {
      for (int i = 0; i < 4; i++) {
        queue.add(job(100 * client.charAt(0) + i, 1, client, 0));
      }
    }
    Map<Long, Integer> served = new TreeMap<>();
    for (int call = 0; call < 6; call++) {
      finishAll(queue.draw(1)).forEach(t -> served.merge(t.row().seed() / 100, 1, Integer::sum));
    }
    assertThat(served).isEqualTo(Map.of(97L, 2, 98L, 2, 99L, 2));
  }

  @Test
  void eachLevelGetsFourTimesThePlacesOfTheNextAndNoneStarves() {
    int[] served = new int[3];
    for (int level = 0; level < 3; level++) {
      queue.add(job(0, 300, "", level));
    }
    for (int call = 0; call < 210; call++) {
      finishAll(queue.draw(1)).forEach(ticket -> served[ticket.job().level()]++);
    }
    assertThat(served).containsExactly(160, 40, 10);
  }

  @Test
  void aLevelThatHadNothingToDoHasNoClaimOnThePast() {
    queue.add(job(0, 300, "", 2));
    finishAll(queue.draw(200));
    queue.add(job(1000, 100, "", 0));

    List<Ticket> batch = queue.draw(51);

    assertThat(batch.stream().filter(ticket -> ticket.job().level() == 2)).hasSizeBetween(2, 4);
  }

  @Test
  void anUrgentRowTakesThePlaceOfOneThatRuns() {
    queue.add(job(0, 2, "", 1));
    queue.draw(2);
    queue.add(job(100, 1, "", 0));

    assertThat(seeds(queue.draw(2))).containsExactly(100L, 0L);
  }

  @Test
  void whoHasMoreRowsWaitingMakesWay() {
    RowQueue small = new RowQueue(10, 1);
    Job oldest = job(0, 4, "greedy", 0);
    Job newest = job(20, 5, "greedy", 0);
    small.add(oldest);
    small.add(newest);

    assertThat(small.add(job(100, 2, "greedy", 0))).isNull();
    assertThat(small.add(job(100, 3, "other", 0))).containsExactly(newest);
    assertThat(small.waiting()).isEqualTo(7);
    assertThat(small.add(job(200, 4, "other", 0))).as("would have more").isNull();
    assertThat(small.jobs()).contains(oldest);
  }

  @Test
  void aGuidedRowHasTwoPlaces() {
    queue.add(guided(100, 50, "a"));
    queue.add(job(200, 50, "b", 0));

    assertThat(seeds(queue.draw(8))).containsExactly(100L, 101L, 102L, 200L, 201L);
  }

  @Test
  void smallRowsDoNotKeepAGuidedOneWaitingForEver() {
    for (int i = 0; i < 3; i++) {
      queue.add(job(100 + i, 1, "first " + i, 0));
    }
    List<Ticket> running = queue.draw(3);
    queue.add(guided(200, 1, "guided"));
    for (int i = 0; i < 20; i++) {
      queue.add(job(300 + i, 1, "small " + i, 0));
    }
    queue.finish(running.get(0), IMAGE);
    assertThat(seeds(queue.draw(3))).as("no small one begins").containsExactly(101L, 102L);

    queue.finish(running.get(1), IMAGE);
    assertThat(seeds(queue.draw(3))).containsExactly(102L, 200L);
  }

  @Test
  void aPlaceThatIsTooSmallForTheNextIsLeftToARowThatRuns() {
    queue.add(job(100, 2, "first", 0));
    queue.draw(2);
    queue.add(guided(200, 1, "guided"));

    assertThat(seeds(queue.draw(2))).containsExactly(100L, 101L);
  }

  @Test
  void whereABatchHasOnePlaceAGuidedRowIsAlone() {
    queue.add(guided(100, 2, "guided"));
    assertThat(seeds(finishAll(queue.draw(1)))).containsExactly(100L);
    assertThat(seeds(queue.draw(1))).containsExactly(101L);
  }

  @Test
  void roomAndWhatIsAheadAreCountedInPlaces() {
    RowQueue small = new RowQueue(10, 1);
    assertThat(small.add(guided(0, 4, "greedy"))).isEmpty();
    assertThat(small.waiting()).isEqualTo(4);
    assertThat(small.waitingPlaces()).isEqualTo(8);
    assertThat(small.add(job(100, 3, "greedy", 0))).isNull();
    assertThat(small.ahead("greedy", 0, 1)).isEqualTo(new Ahead(8, 2.0 * 8));

    small.draw(4);

    assertThat(small.waitingPlaces()).isEqualTo(4);
    assertThat(small.ahead("other", 0, 1)).as("2 of 4 run").isEqualTo(new Ahead(4, 2.0 * 4));
    assertThat(small.add(job(100, 6, "greedy", 0))).isEmpty();
  }

  @Test
  void theLessUrgentMakeWayWhoeverTheyAreOf() {
    RowQueue small = new RowQueue(4, 3);
    Job lateOfMine = job(0, 1, "me", 2);
    Job late = job(10, 1, "other", 2);
    Job usual = job(20, 1, "other", 1);
    Job urgent = job(30, 1, "greedy", 0);
    for (Job job : List.of(lateOfMine, late, usual, urgent)) {
      small.add(job);
    }

    assertThat(small.add(job(100, 1, "me", 0))).as("the newest first").containsExactly(late);
    assertThat(small.add(job(110, 2, "me", 0)))
        .as("the least urgent first, mine too")
        .containsExactly(lateOfMine, usual);
    assertThat(small.jobs()).contains(urgent);
  }

  @Test
  void theMoreUrgentNeverMakeWay() {
    RowQueue small = new RowQueue(4, 3);
    small.add(job(0, 2, "greedy", 0));
    Job second = job(10, 2, "greedy", 1);
    small.add(second);

    assertThat(small.add(job(100, 1, "me", 2))).isNull();
    assertThat(small.add(job(110, 3, "me", 1))).as("not enough room").isNull();
    assertThat(small.add(job(120, 1, "me", 1))).containsExactly(second);
    assertThat(small.add(job(130, 2, "me", 1))).as("my own of my level").isNull();

    RowQueue begun = new RowQueue(4, 3);
    begun.add(job(0, 4, "greedy", 2));
    begun.draw(1);
    begun.add(job(10, 1, "greedy", 0));
    assertThat(begun.add(job(100, 1, "me", 2))).as("for what its client has at mine").isNull();
  }

  @Test
  void whatIsAheadIsWhatComesFirst() {
    assertThat(queue.ahead("me", 1, 2)).isEqualTo(Ahead.NOTHING);
    queue.add(job(0, 10, "greedy", 1)); // as many rows as I have, 2 steps each
    queue.add(job(100, 3, "me", 1)); // all of mine
    queue.add(job(200, 4, "urgent", 0)); // all of them
    queue.add(job(300, 50, "late", 2)); // none

    assertThat(queue.ahead("me", 1, 2)).isEqualTo(new Ahead(5 + 3 + 4, 2.0 * (5 + 3 + 4)));
  }

  @Test
  void whatIsAheadIsAllThatIsThereWhateverHasHappened() {
    Random random = new Random(1);
    RowQueue small = new RowQueue(60, 1);
    Set<Ticket> finished = new HashSet<>();
    List<Ticket> drawn = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      String client = "client " + random.nextInt(3);
      int rows = 1 + random.nextInt(5);
      switch (random.nextInt(4)) {
        case 0 ->
            small.add(random.nextBoolean() ? guided(i, rows, client) : job(i, rows, client, 0));
        case 1 -> drawn = new ArrayList<>(small.draw(1 + random.nextInt(12)));
        case 2 ->
            drawn.stream()
                .limit(random.nextInt(6))
                .filter(finished::add)
                .forEach(t -> small.finish(t, IMAGE));
        default -> {
          if (!small.isEmpty() && random.nextInt(4) == 0) {
            small.remove(small.jobs().get(random.nextInt(small.jobs().size())));
          }
        }
      }
      int done =
          finished.stream()
              .filter(ticket -> small.jobs().contains(ticket.job()))
              .mapToInt(ticket -> ticket.row().places())
              .sum();
      int places = small.jobs().stream().mapToInt(Job::places).sum() - done;

      Ahead all = small.ahead("newcomer", 0, 1_000_000);
      assertThat(all.places()).as("after %d changes", i).isEqualTo(places);
      assertThat(all.work()).isCloseTo(2.0 * places, within(1e-9));
    }
  }

  private List<Ticket> finishAll(List<Ticket> batch) {
    batch.forEach(ticket -> queue.finish(ticket, IMAGE));
    return batch;
  }

  private static List<Long> seeds(List<Ticket> batch) {
    return batch.stream().map(ticket -> ticket.row().seed()).toList();
  }

  private static Job guided(long firstSeed, int rows, String client) {
    Condition guided = new Condition(0, 2);
    return job(
        firstSeed,
        rows,
        client,
        0,
        seed -> new Row(seed, null, null, List.of(TABLE), List.of(), guided));
  }

  private static Job job(long firstSeed, int rows) {
    return job(firstSeed, rows, "", 0);
  }

  private static Job job(long firstSeed, int rows, String client, int level) {
    return job(firstSeed, rows, client, level, seed -> new Row(seed, null, TABLE));
  }

  private static Job job(
      long firstSeed, int rows, String client, int level, LongFunction<Row> row) {
    return new Job(
        LongStream.range(firstSeed, firstSeed + rows).mapToObj(row).toList(),
        client,
        level,
        0,
        OptionalLong.empty(),
        RowListener.NONE,
        job -> {});
  }
}
