package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that ask a model for more than samples, on a tiny model, from call to picture. */
class OperationCommandsTest {
  /** An image of 8x8 pixels enlarged to 48x48, and the gap beside it. */
  private static final int CELL = 50;

  @TempDir static Path folder;
  private static TinyModel tiny;

  @BeforeAll
  static void train() throws IOException {
    tiny = TinyModel.in(folder);
    tiny.trainAndExport();
    Outcome samples = ask("sample", "pictures", "--count", "4", "--steps", "2");
    assertThat(samples.exitCode()).as(samples.err()).isZero();
  }

  @Test
  void sequenceDrawsTwoRows() throws IOException {
    Outcome outcome = ask("sequence", "sequence.png", "--steps", "7", "--show", "4");

    assertThat(outcome.out()).startsWith("4 of 7 steps of seed 0: ");
    BufferedImage picture = picture("sequence.png");
    assertThat(picture.getHeight()).isGreaterThan(2 * CELL); // and the labels
    assertThat(picture.getWidth()).isGreaterThan(4 * CELL);
  }

  @Test
  void interpolateDrawsALineBetweenSeedsAndAGridBetweenPictures() throws IOException {
    Outcome line = ask("interpolate", "line.png", "--seeds", "1,2", "--count", "5", "--steps", "3");
    String pictures = String.join(",", List.of(seed(0), seed(1), seed(2), seed(3)));
    Outcome grid =
        ask("interpolate", "grid.png", "--images", pictures, "--count", "3", "--steps", "3");

    assertThat(line.out()).startsWith("5 images of 3 steps: ");
    assertThat(picture("line.png").getWidth()).isEqualTo(5 * CELL + 2);
    assertThat(grid.out()).startsWith("9 images of 3 steps: ");
    assertThat(picture("grid.png").getHeight()).isEqualTo(3 * CELL + 2);
  }

  @Test
  void decodeMakesAnImageOfEachLatentThatEncodeLeft() throws IOException {
    Outcome encoded =
        ask("encode", "latents.safetensors", "--images", tiny.path("pictures"), "--steps", "4");
    Outcome decoded =
        ask("decode", "decoded", "--latents", tiny.path("latents.safetensors"), "--steps", "4");

    assertThat(encoded.out()).startsWith("4 latents of 4 steps: ");
    assertThat(picture("latents.png").getHeight()).isEqualTo(2 * CELL + 2);
    assertThat(decoded.out()).startsWith("4 images of 4 steps: ");
    assertThat(folder.resolve("decoded/seed-3.png")).isRegularFile();
  }

  @Test
  void reconstructSaysHowFarOffEveryImageIs() throws IOException {
    Outcome outcome =
        ask(
            "reconstruct",
            "again.png",
            "--images",
            tiny.path("pictures"),
            "--steps",
            "2,5",
            "--count",
            "3");

    assertThat(outcome.out())
        .contains("    2 steps: mean 0.")
        .contains("    5 steps: mean 0.")
        .contains("  seed-2.png 0.")
        .doesNotContain("seed-3.png");
    assertThat(picture("again.png").getHeight()).isEqualTo(3 * CELL + 2);
  }

  @Test
  void severalStepsAndEtasMakeOneLabelledGrid() throws IOException {
    Outcome outcome = ask("sample", "all.png", "--count", "3", "--steps", "1,2", "--eta", "0,0.5");

    assertThat(outcome.out()).startsWith("12 images of tiny version 1, 1 steps, eta 0.0; ");
    assertThat(picture("all.png").getHeight()).isGreaterThan(4 * CELL);
  }

  @Test
  void theVersionThatIsAskedForIsTheOneThatIsLoaded() throws IOException {
    Path two = folder.resolve("two/tiny");
    copy(folder.resolve("models/tiny/1"), two.resolve("1"));
    copy(folder.resolve("models/tiny/1"), two.resolve("2"));
    String[] call = {
      "sample", "--models", tiny.path("two"), "--model", "tiny", "--count", "1", "--steps", "1"
    };

    Outcome older = ddim(with(call, "--version", "1", "--out", tiny.path("v1.png")));
    Outcome newest = ddim(with(call, "--out", tiny.path("v2.png")));

    assertThat(older.out()).as(older.err()).contains("of tiny version 1,");
    assertThat(newest.out()).as(newest.err()).contains("of tiny version 2,");
  }

  @Test
  void theDeadlineMayChooseTheSteps() throws IOException {
    Outcome outcome =
        ask("sample", "auto.png", "--count", "2", "--steps", "auto", "--deadline", "600");

    assertThat(outcome.out())
        .as("ten minutes are enough for the most")
        .startsWith("2 images of tiny version 1, auto steps (50): ");
  }

  @Test
  void imagesDoNotDependOnTheirCompany() {
    Outcome outcome =
        ddim(
            "bench",
            "seeds",
            "--models",
            tiny.path("models"),
            "--model",
            "tiny",
            "--compositions",
            "10",
            "--max-batch-size",
            "4");

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    List<String> table = outcome.out().lines().filter(line -> line.startsWith("| [")).toList();
    assertThat(table).hasSize(3).allMatch(line -> line.contains("| 100.00 % |"));
  }

  @Test
  void segmentsAreComparedWithWholeTrajectories() throws IOException {
    Outcome outcome =
        ddim(
            "bench",
            "segments",
            "--models",
            tiny.path("models"),
            "--model",
            "tiny",
            "--seconds",
            "1",
            "--columns",
            "2",
            "--max-batch-size",
            "2",
            "--out",
            tiny.path("segments.md"));

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(Files.readString(folder.resolve("segments.md")).lines())
        .containsExactlyElementsOf(outcome.out().lines().toList())
        .filteredOn(line -> line.contains(" steps | ") || line.contains("cancelled | "))
        .hasSize(6)
        .filteredOn(line -> line.contains("batches of one number of steps"))
        .hasSize(2);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "--solver ipndm --order 2",
    "--solver dpm-solver-pp-2m --spacing log-snr",
    "--solver deis --clip none",
    "--preset diffusers-ddim --eta 0.5",
    "--preset paper --sigma-hat",
    "--clip 0.995:2 --rederive-eps",
    "--timesteps 0,400,999"
  })
  void everySamplerOptionIsTaken(String options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("--count", "1", "--steps", "3"));
    arguments.addAll(List.of(options.split(" ")));

    Outcome outcome = ask("sample", "one.png", arguments.toArray(new String[0]));

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "sample, --solver euler, solver must be one of",
    "sample, --solver ipndm --eta 0.5, eta must be 0",
    "sample, --clip 0.5:x, 'must be none, RANGE or QUANTILE:MAX, is 0.5:x'",
    "sample, --steps auto, auto needs a --deadline",
    "sample, --steps many, 'must be a number or auto, is many'",
    "sample, --priority 4, 'priority must be from 1, the most urgent, to 3'",
    "sample, --steps 1001, steps must be from 1 to 1000",
    "sequence, --show 22, 'must be from 1 to 21, is 22'",
    "interpolate, '--seeds 1,2,3', 'two ends make a line, four a grid; there are 3'",
    "interpolate, '--seeds 1,2 --count 1', columns",
    "encode, --images fashion-mnist, 'the model''s images are 8x8 with 1 channels'",
    "reconstruct, --images none.png, none.png"
  })
  void whatCannotBeIsRefusedWithItsReason(String command, String options, String message) {
    List<String> arguments = new ArrayList<>(List.of(options.split(" ")));
    if (command.equals("sample")) {
      arguments.addAll(List.of("--count", "1"));
    }
    String out = command.equals("encode") ? "x.safetensors" : "x.png";

    Outcome outcome = ask(command, out, arguments.toArray(new String[0]));

    assertThat(outcome.exitCode()).as(outcome.err()).isIn(1, 2);
    assertThat(outcome.err()).contains(message);
    assertThat(Files.exists(folder.resolve(out))).isFalse();
  }

  /** A command on the tiny model, which leaves {@code out} in the test's folder. */
  private static Outcome ask(String command, String out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--models",
                tiny.path("models"),
                "--model",
                "tiny",
                "--out",
                tiny.path(out)));
    arguments.addAll(List.of(more));
    return ddim(arguments.toArray(new String[0]));
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Files.createDirectories(to.resolve(from.relativize(path)).getParent());
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }

  private static String seed(int seed) {
    return tiny.path("pictures/seed-" + seed + ".png");
  }

  private static BufferedImage picture(String name) throws IOException {
    return ImageIO.read(folder.resolve(name).toFile());
  }
}
