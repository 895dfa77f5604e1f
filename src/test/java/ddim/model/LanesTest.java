package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.ScheduleConfig;
import ddim.diffusion.StepTable;
import ddim.model.Lanes.Share;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanesTest {
  private static final StepTable TABLE =
      Sampler.ddim(2, 0).table(NoiseSchedule.of(ScheduleConfig.LINEAR_1000));

  @ParameterizedTest(name = "{1} rows in a batch of {2} on {0} lanes: {3} of {4}")
  @CsvSource({
    "1, 5, 8, 5, 8", //
    "2, 8, 8, 4-4, 4",
    "2, 7, 8, 4-3, 4",
    "2, 1, 8, 1, 4",
    "2, 1, 1, 1, 1",
    "2, 5, 5, 3-2, 3",
    "4, 3, 3, 1-1-1, 1",
    "4, 2, 64, 1-1, 16",
    "4, 10, 16, 3-3-2-2, 4"
  })
  void sharesAreEvenAndOfOneSize(int lanes, int count, int batchSize, String rows, int size) {
    List<Trajectory> batch = rows(count);
    try (Lanes shared = new Lanes(lanes)) {
      List<Share> shares = shared.share(batch, batchSize, 1);

      assertThat(String.join("-", shares.stream().map(s -> "" + s.rows().size()).toList()))
          .isEqualTo(rows);
      assertThat(shares).allMatch(share -> share.batchSize() == size);
      assertThat(shares.stream().flatMap(share -> share.rows().stream()))
          .containsExactlyInAnyOrderElementsOf(batch);
    }
  }

  @ParameterizedTest(name = "{0} places on {1} lanes: {2}")
  @CsvSource({
    "1, 2, 1", //
    "2, 2, 2",
    "3, 2, 3",
    "4, 2, 2",
    "6, 2, 4",
    "8, 2, 4",
    "8, 3, 4",
    "16, 16, 2",
    "7, 1, 7"
  })
  void aGuidedRowHasTwoPlacesOfOneShareAndNoRowChangesItsSize(int places, int lanes, int size) {
    try (Lanes shared = new Lanes(lanes)) {
      for (int guided = 0; guided <= places / 2; guided++) {
        for (int plain = guided == 0 ? 1 : 0; plain <= places - 2 * guided; plain++) {
          List<Trajectory> batch = new ArrayList<>(rows(plain));
          for (int i = 0; i < guided; i++) {
            batch.add(guidedRow());
          }
          List<Share> shares = shared.share(batch, places, 2);

          assertThat(shares).allMatch(share -> share.batchSize() == size);
          assertThat(shares)
              .allMatch(
                  share ->
                      share.rows().stream().mapToInt(r -> r.condition().places()).sum() <= size);
          assertThat(shares.stream().flatMap(share -> share.rows().stream()))
              .containsExactlyInAnyOrderElementsOf(batch);
        }
      }
    }
  }

  @Test
  @Timeout(30)
  void callsRunAtTheSameTimeAndAnswerInOrder() {
    CyclicBarrier all = new CyclicBarrier(3);
    try (Lanes lanes = new Lanes(3)) {
      List<Integer> made =
          lanes.run(
              List.of(1, 2, 3),
              input -> {
                meet(all);
                return 10 * input;
              });

      assertThat(made).containsExactly(10, 20, 30);
    }
  }

  @Test
  @Timeout(30)
  void whatACallThrewIsThrownOnceAllHaveEnded() {
    CyclicBarrier both = new CyclicBarrier(2);
    AtomicBoolean ended = new AtomicBoolean();
    try (Lanes lanes = new Lanes(2)) {
      for (int failing : new int[] {0, 1}) {
        ended.set(false);
        assertThatThrownBy(
                () ->
                    lanes.run(
                        List.of(0, 1),
                        input -> {
                          meet(both);
                          if (input == failing) {
                            throw new IllegalStateException("lane " + input);
                          }
                          sleep();
                          ended.set(true);
                          return input;
                        }))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("lane " + failing);
        assertThat(ended).isTrue();
      }
    }
  }

  private static Trajectory guidedRow() {
    float[] history = new float[StepTable.HISTORY * 4];
    return new Trajectory(0, new float[4], history, TABLE, new Condition(0, 2));
  }

  private static List<Trajectory> rows(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Trajectory(i, new float[4], TABLE)).toList();
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
