package ddim.serve.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnRuleTest {
  private static final int WHOLE = BatcherOptions.WHOLE_TRAJECTORY;

  @ParameterizedTest(name = "rows with {0} steps left, at most {1} a call: {2}")
  @CsvSource({
    "50,              " + WHOLE + ", 50", // one row: its whole trajectory
    "50 50 50 50,     " + WHOLE + ", 50", // equal rows: one call for all
    "5 100 100,       " + WHOLE + ", 5", // nobody waits 95 steps for another's end
    "100 5 100,       " + WHOLE + ", 5", // whatever the order
    "49 50 50 50,     " + WHOLE + ", 50", // 1 row-step of padding in 200 is less than a call
    "49 50,           " + WHOLE + ", 49", // 1 in 100 for two rows is not
    "46 47 48 49 50,  " + WHOLE + ", 47", // padding adds up: 1 is allowed, 3 are not
    "50 50,           10,            10",
    "3 50,            10,            3",
    "9 50 50 50,      10,            10",
    "5 7,             1,             1"
  })
  void endsWhereARowEndsUnlessPaddingIsCheaper(String remaining, int limit, int columns) {
    int[] rows = Arrays.stream(remaining.trim().split(" ")).mapToInt(Integer::parseInt).toArray();

    assertThat(ColumnRule.columns(rows, limit)).isEqualTo(columns);
  }
}
