package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import ddim.diffusion.Prediction;
import ddim.model.ModelExporter;
import ddim.model.TestModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code ddim profile} says of the tiny model. */
class ProfileCommandTest {
  /** Share, count, milliseconds, bytes, device, operation and, of a node, its name. */
  private static final Pattern LINE =
      Pattern.compile("(?m)^ *([0-9.]+)% +([0-9]+) +([0-9.]+) +([0-9,]+)  (\\S+) +(\\S+)( \\S+)?$");

  @TempDir static Path models;

  @BeforeAll
  static void export() throws IOException {
    ModelExporter.export(TestModels.tiny(Prediction.EPS), models, "tiny", OptionalLong.empty());
  }

  @Test
  void aNetworkCallHasEveryConvolutionOnce() {
    List<MatchResult> lines = lines(profile());

    assertThat(lines.stream().filter(ProfileCommandTest::isOperation)).isNotEmpty();
    assertThat(convolutions(lines)).isPositive();
    assertThat(lines).allSatisfy(line -> assertThat(line.group(5)).isEqualTo("CPU:0"));
    assertThat(
            lines.stream()
                .filter(ProfileCommandTest::isOperation)
                .mapToDouble(line -> Double.parseDouble(line.group(1)))
                .sum())
        .isBetween(97.0, 103.0);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({"sample", "serving_default", "trajectory"})
  void aTrajectoryHasEveryConvolutionInEveryStep(String signature) {
    int steps = 3;
    long once = convolutions(lines(profile()));

    List<MatchResult> lines =
        lines(profile("--signature", signature, "--steps", Integer.toString(steps)));

    assertThat(convolutions(lines)).isEqualTo(steps * once);
  }

  @Test
  void asManyNodesAsAskedForAreShown() {
    List<MatchResult> lines = lines(profile("--top", "4"));

    assertThat(lines.stream().filter(line -> !isOperation(line))).hasSize(4);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "--signature other, 'signature must be one of [latent, predict_noise, sample, "
        + "serving_default, trajectory], is ''other'''",
    "--steps 1001, 'steps must be from 1 to 1000, is 1001'",
    "--batch-size 0, 'batch size must be 1 or more, is 0'",
    "--calls 0, 'calls must be 1 or more, is 0'"
  })
  void whatCannotBeIsAWrongCall(String options, String message) {
    Outcome outcome = run(options.split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message);
  }

  @Test
  void aModelThatIsNotThereIsNamed() {
    Outcome outcome = ddim("profile", "--models", models.toString(), "--model", "none");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains(models.resolve("none").toString());
  }

  private static long convolutions(List<MatchResult> lines) {
    return lines.stream()
        .filter(ProfileCommandTest::isOperation)
        .filter(line -> line.group(6).contains("Conv2D"))
        .mapToLong(line -> Long.parseLong(line.group(2)))
        .sum();
  }

  private static boolean isOperation(MatchResult line) {
    return line.group(7) == null;
  }

  private static String profile(String... options) {
    Outcome outcome = run(options);
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("ms a call");
    return outcome.out();
  }

  private static Outcome run(String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("profile", "--models", models.toString(), "--model", "tiny"));
    if (!List.of(options).contains("--calls")) {
      arguments.addAll(List.of("--calls", "1"));
    }
    arguments.addAll(List.of(options));
    return ddim(arguments.toArray(new String[0]));
  }

  private static List<MatchResult> lines(String table) {
    return LINE.matcher(table).results().toList();
  }
}
