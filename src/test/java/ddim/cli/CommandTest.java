package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import ddim.cli.images.Models;
import ddim.model.TestModels;
import ddim.serve.DdimServer;
import ddim.serve.ServerOptions;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands in this process, on one small model. */
class CommandTest {
  private static final ServerOptions LOCAL = ServerOptions.defaults().withAddress("127.0.0.1", 0);
  @TempDir static Path folder;

  private static TinyModel tiny;

  @BeforeAll
  static void trainAndExport() throws IOException {
    tiny = TinyModel.in(folder);
    tiny.trainAndExport();
  }

  @Test
  void aRunIsNotOverwrittenButResumedWithItsOwnRecipe() {
    Outcome again = tiny.train(3, "--config", tiny.path("recipe.json"));
    Outcome resumed = tiny.train(3, "--resume");

    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.err()).contains("--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("train: 3 of 3 steps, loss ");
    assertThat(resumed.out()).contains("to step 3");
  }

  /** A script or a job that is started again must not fail because all is done. */
  @Test
  void aRunThatIsFinishedSaysSoAndOneThatIsBeyondTheStepsIsAnError() throws IOException {
    String run = tiny.path("finished");
    Outcome trained = trainTo(2, run, "--config", tiny.path("recipe.json"));
    assertThat(trained.out()).isEqualTo("trained " + run + " to step 2\n");
    List<Path> before = filesOf(run);

    Outcome finished = trainTo(2, run, "--resume");
    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertThat(finished.out()).isEqualTo(run + ": already trained to step 2\n");
    assertThat(filesOf(run)).isEqualTo(before);

    Outcome beyond = trainTo(1, run, "--resume");
    assertThat(beyond.exitCode()).isEqualTo(1);
    assertThat(beyond.err()).endsWith("ddim train: --steps must be above the run's step 2, is 1\n");
  }

  private static Outcome trainTo(int steps, String run, String... more) {
    String[] arguments = {
      "train", "--data", tiny.path("noise"), "--out", run, "--steps", Integer.toString(steps)
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return ddim(all);
  }

  private static List<Path> filesOf(String run) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(run))) {
      return files.sorted().toList();
    }
  }

  @Test
  void resumingWithAnotherSeedIsAnError() {
    Outcome outcome = tiny.train(9, "--resume", "--seed", "5");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains("ddim train: ").contains("seed is 0 in the run, 5 now");
  }

  @Test
  void aFolderWithoutARunCannotBeResumed() {
    Outcome outcome =
        ddim(
            "train",
            "--data",
            "fashion-mnist",
            "--out",
            tiny.path("none"),
            "--steps",
            "1",
            "--resume");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains(tiny.path("none"));
  }

  @Test
  void imagesOfAnotherShapeThanTheNetworksAreAnError() {
    Outcome outcome =
        ddim("train", "--data", tiny.path("noise"), "--out", tiny.path("none"), "--steps", "1");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains("8x8x1").contains("28x28x1");
  }

  @Test
  void exportWritesTheNextVersionOrTheOneAskedFor() {
    String models = tiny.path("exported");

    assertThat(export(models).out()).isEqualTo(Path.of(models, "tiny", "1") + "\n");
    assertThat(export(models, "--version", "7").out())
        .isEqualTo(Path.of(models, "tiny", "7") + "\n");
    assertThat(export(models).out()).isEqualTo(Path.of(models, "tiny", "8") + "\n");
    Outcome taken = export(models, "--version", "7");
    assertThat(taken.exitCode()).isEqualTo(1);
    assertThat(taken.err()).contains(Path.of(models, "tiny", "7").toString());
  }

  private static Outcome export(String models, String... version) {
    String[] arguments = {
      "export", "--run", tiny.path("run"), "--models", models, "--name", "tiny"
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + version.length);
    System.arraycopy(version, 0, all, arguments.length, version.length);
    return ddim(all);
  }

  @Test
  void inspectSaysWhatTheModelIs() {
    Outcome outcome = ddim("inspect", tiny.path("models/tiny"));

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .startsWith(tiny.path("models/tiny/1"))
        .contains("images      8x8x1")
        .contains("noise       linear, 1000 levels, beta 1.0E-4 to 0.02")
        .contains("predicts    eps")
        .contains("trained     2 steps on noise")
        .contains("licence     NOASSERTION")
        .containsPattern("parameters  \\d")
        .containsPattern("serving_default\\R    in  eta +float32 +\\[\\?\\]");
  }

  @Test
  void aModelOfAnotherProgramIsDescribedAsFarAsItCanBe() throws IOException {
    TestModels.plain(folder.resolve("others/plain/1"));
    Outcome outcome = ddim("inspect", tiny.path("others/plain"));

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .contains("made by     another program: there is no assets.extra/ddim.json")
        .contains("cannot      be served, sampled, profiled or imported here")
        .contains("tags        serve")
        .containsPattern("double\\R    in  x +float32 +\\[\\?, 3\\]\\R    out y +float32");
    String reason = "assets.extra/ddim.json: missing: this SavedModel was not made by ddim export";
    String models = tiny.path("others");
    Outcome sampled =
        ddim("sample", "--models", models, "--model", "plain", "--count", "1", "--out", "x.png");
    assertThat(sampled.exitCode()).isEqualTo(1);
    assertThat(sampled.err()).contains(reason);
    assertFails(
        reason, "import", "--from", "savedmodel:" + models + "/plain/1", "--out", tiny.path("no"));
  }

  @Test
  void weightsOfHalfTheSizeMakeNearlyTheSamePictures() throws IOException {
    for (String precision : List.of("bfloat16", "float16")) {
      Outcome outcome =
          ddim(
              "export",
              "--run",
              tiny.path("run"),
              "--models",
              tiny.path("models"),
              "--name",
              precision,
              "--precision",
              precision);

      assertThat(outcome.exitCode()).as(outcome.err()).isZero();
      assertThat(outcome.out()).contains("against float32: noise differs by up to ");
      assertThat(ddim("inspect", tiny.path("models/" + precision)).out())
          .contains("kept as     " + precision + ": noise differs by up to ");
      long size =
          Files.size(folder.resolve("models").resolve(precision).resolve("1/saved_model.pb"));
      assertThat(size).isLessThan(Files.size(folder.resolve("models/tiny/1/saved_model.pb")));
    }
    Outcome drawn =
        ddim(
            "sample",
            "--models",
            tiny.path("models"),
            "--model",
            "bfloat16",
            "--count",
            "1",
            "--steps",
            "2",
            "--out",
            tiny.path("half.png"));
    assertThat(drawn.exitCode()).as(drawn.err()).isZero();
  }

  @Test
  void aServerAndThisProcessMakeTheSamePictures() throws IOException {
    Outcome local = sample("local", "--models", tiny.path("models"));
    Outcome remote;
    try (DdimServer server = Models.server(RepositoryOptions.of(folder.resolve("models")), LOCAL)) {
      server.load();
      remote = sample("remote", "--target", "127.0.0.1:" + server.port());
    }

    assertThat(local.exitCode()).as(local.err()).isZero();
    assertThat(remote.exitCode()).as(remote.err()).isZero();
    assertThat(remote.out().replace("remote", "local")).isEqualTo(local.out());
    for (int seed = 5; seed < 8; seed++) {
      String name = "seed-" + seed + ".png";
      assertThat(Files.readAllBytes(folder.resolve("remote").resolve(name)))
          .isEqualTo(Files.readAllBytes(folder.resolve("local").resolve(name)));
    }
  }

  private static Outcome sample(String out, String source, String where) {
    return ddim(
        "sample",
        source,
        where,
        "--model",
        "tiny",
        "--count",
        "3",
        "--seed",
        "5",
        "--steps",
        "4",
        "--eta",
        "0.5",
        "--out",
        tiny.path(out));
  }

  @Test
  void aWrongCallIsTheSameWithAServer() throws IOException {
    String[] wrong = {"--model", "tiny", "--count", "1", "--steps", "1001", "--out", "x.png"};
    Outcome local = ddim(withSource(wrong, "--models", tiny.path("models")));
    Outcome remote;
    Outcome unknown;
    try (DdimServer server = Models.server(RepositoryOptions.of(folder.resolve("models")), LOCAL)) {
      server.load();
      String target = "127.0.0.1:" + server.port();
      remote = ddim(withSource(wrong, "--target", target));
      wrong[1] = "unknown";
      unknown = ddim(withSource(wrong, "--target", target));
    }

    assertThat(local.exitCode()).isEqualTo(2);
    assertThat(local.err()).contains("steps must be from 1 to 1000").contains("is 1001");
    assertThat(remote.exitCode()).isEqualTo(2);
    assertThat(remote.err()).contains("from 1 to 1000").contains("1001");
    assertThat(unknown.exitCode()).as(unknown.err()).isEqualTo(2);
    assertThat(unknown.err()).contains("unknown");
  }

  private static String[] withSource(String[] arguments, String source, String where) {
    String[] all = new String[arguments.length + 3];
    all[0] = "sample";
    all[1] = source;
    all[2] = where;
    System.arraycopy(arguments, 0, all, 3, arguments.length);
    return all;
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "--count 0, 'Invalid value for option ''--count'': must be 1 or more, is 0'",
    "--count x, 'Invalid value for option ''--count'': ''x'' is not an int'",
    "--steps 0, 'Invalid value for option ''--steps'': must be 1 or more, is 0'",
    "--eta -0.1, 'Invalid value for option ''--eta'': must be from 0 to 1, is -0.1'",
    "--eta NaN, 'Invalid value for option ''--eta'': must be from 0 to 1, is NaN'",
    "--seed 9223372036854775807, 'Invalid value for option ''--seed'': is too large for 4 images'",
    "--target localhost:1, 'are mutually exclusive'"
  })
  void aWrongOptionOfSampleIsAWrongCall(String option, String message) {
    String count = option.startsWith("--count") ? "" : "--count 4 ";
    String call = "sample --models m --model tiny --out x.png " + count + option;

    Outcome outcome = ddim(call.split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message).contains("Try 'ddim sample --help'.");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "train --data fashion-mnist --out r --steps 0, must be 1 or more",
    "train --data fashion-mnist --out r --config nope, neither a file nor one of fashion-mnist",
    "serve --models m --port 65536, must be from 0 to 65535",
    "demo --steps 0, must be 1 or more",
    "sample --model m --count 1 --out x.png, Missing required argument",
    "inspect, Missing required parameter: 'MODEL_DIR'"
  })
  void aWrongCallHasCodeTwo(String call, String message) {
    Outcome outcome = ddim(call.split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message).contains("--help'.");
  }

  @Test
  void whatIsNotThereIsNamed() {
    String none = tiny.path("none");
    String models = tiny.path("models");

    assertFails(none, "inspect", none);
    assertFails(none, "export", "--run", none, "--models", none, "--name", "m");
    assertFails(none, "serve", "--models", none, "--port", "0");
    assertFails(none, "train", "--data", none, "--out", none + "/run");
    assertFails(none, "sample", "--models", none, "--model", "m", "--count", "1", "--out", "x.png");
    assertFails(
        Path.of(models, "m").toString(),
        "sample",
        "--models",
        models,
        "--model",
        "m",
        "--count",
        "1",
        "--out",
        "x.png");
    assertFails(
        Path.of(models, "tiny", "9").toString(),
        "sample",
        "--models",
        models,
        "--model",
        "tiny",
        "--version",
        "9",
        "--count",
        "1",
        "--out",
        "x.png");
  }

  private static void assertFails(String message, String... arguments) {
    Outcome outcome = ddim(arguments);
    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.err()).startsWith("ddim " + arguments[0] + ": ").contains(message);
  }

  @Test
  void aServerThatIsNotThereIsAFailure() {
    Outcome outcome =
        ddim("sample", "--target", "127.0.0.1:1", "--model", "m", "--count", "1", "--out", "x.png");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.err()).contains("127.0.0.1").contains("refused");
  }

  @Test
  void aDemoDoesNotOverwriteAnother() throws IOException {
    Path demo = Files.createDirectories(folder.resolve("demo/run")).getParent();

    Outcome outcome = ddim("demo", "--out", demo.toString());

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(demo + " holds a demo already");
  }
}
