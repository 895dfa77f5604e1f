package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights out to another program's folder and in again. */
class ImportCommandTest {
  @TempDir static Path folder;

  private static TinyModel tiny;

  @BeforeAll
  static void trainAndExport() throws IOException {
    tiny = TinyModel.in(folder);
    tiny.trainAndExport();
    Outcome out =
        ddim(
            "export",
            "--run",
            tiny.path("run"),
            "--format",
            "diffusers",
            "--out",
            tiny.path("pipeline"));
    assertThat(out.exitCode()).as(out.err()).isZero();
  }

  @Test
  void anImportedRunIsExportedToTheSameGraphAndTrainedOn() throws IOException {
    Outcome in = load("imported", "--config", tiny.path("recipe.json"), "--license", "MIT");
    assertThat(in.exitCode()).as(in.err()).isZero();

    Outcome exported = export("imported", "i");
    assertThat(exported.exitCode()).as(exported.err()).isZero();
    assertThat(Files.mismatch(folder.resolve("models/i/1/saved_model.pb"), graph())).isEqualTo(-1);
    assertThat(ddim("inspect", tiny.path("models/i")).out())
        .contains("licence     MIT")
        .contains("trained     0 steps on unknown");

    Outcome resumed =
        ddim(
            "train",
            "--data",
            tiny.path("noise"),
            "--out",
            tiny.path("imported"),
            "--steps",
            "2",
            "--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
  }

  @Test
  void anExportedModelBecomesARunAgainAndCountsItsStepsOn() throws IOException {
    Outcome in =
        ddim(
            "import",
            "--from",
            "savedmodel:" + tiny.path("models/tiny/1"),
            "--config",
            tiny.path("recipe.json"),
            "--out",
            tiny.path("again"));
    assertThat(in.exitCode()).as(in.err()).isZero();
    assertThat(export("again", "same").exitCode()).isZero();
    assertThat(Files.mismatch(folder.resolve("models/same/1/saved_model.pb"), graph()))
        .isEqualTo(-1);

    Outcome resumed =
        ddim(
            "train",
            "--data",
            tiny.path("noise"),
            "--out",
            tiny.path("again"),
            "--steps",
            "3",
            "--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(export("again", "more").exitCode()).isZero();
    assertThat(ddim("inspect", tiny.path("models/more")).out())
        .contains("trained     5 steps on noise");
  }

  @Test
  void aDamagedModelIsNotImported() throws IOException {
    Path copy = folder.resolve("damaged/1");
    Files.createDirectories(copy.resolve("assets.extra"));
    for (String file : List.of("saved_model.pb", "assets.extra/ddim.json")) {
      Files.copy(folder.resolve("models/tiny/1").resolve(file), copy.resolve(file));
    }
    byte[] bytes = Files.readAllBytes(copy.resolve("saved_model.pb"));
    bytes[bytes.length / 2] ^= 1;
    Files.write(copy.resolve("saved_model.pb"), bytes);

    Outcome outcome = ddim("import", "--from", "savedmodel:" + copy, "--out", tiny.path("none"));
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains(copy.resolve("saved_model.pb") + ": damaged");
  }

  private static Outcome export(String run, String name) {
    return ddim("export", "--run", tiny.path(run), "--models", tiny.path("models"), "--name", name);
  }

  private static Path graph() {
    return folder.resolve("models/tiny/1/saved_model.pb");
  }

  @Test
  void aRunIsNotOverwritten() {
    assertThat(load("twice").exitCode()).isZero();
    Outcome again = load("twice");
    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.err()).contains(tiny.path("twice") + " already holds a run");
  }

  @Test
  void weightsOfAnotherNetworkAreRefused() {
    Outcome outcome =
        ddim(
            "import",
            "--from",
            "ermongroup:" + tiny.path("pipeline/unet/diffusion_pytorch_model.safetensors"),
            "--config",
            "tiny",
            "--out",
            tiny.path("none"));
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.err()).contains("temb.dense.0.weight is missing");
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void otherFormatsNeedTheLauncher() {
    Outcome outcome =
        ddim("export", "--run", tiny.path("run"), "--format", "onnx", "--out", tiny.path("onnx"));
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains("needs Python").contains("scripts/ddim");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "import --from x --out r, is not KIND:PATH",
    "import --from zip:x --out r, none of diffusers:",
    "import --from run:x --out r, needs --config",
    "import --from savedmodel:x --out r --dataset d, must be absent with --from savedmodel:",
    "import --from run:x --out r --license MIT, must be absent with --from run:",
    "import --from tf1:x --config nope --out r, neither a file nor one of fashion-mnist",
    "export --run r, Missing required options '--models=DIR' and '--name=NAME'",
    "export --run r --models m --name n --out o, '--out' is for other formats",
    "export --run r --format onnx, Missing required option '--out=FOLDER'",
    "export --run r --format onnx --out o --name n, are for the format savedmodel",
    "export --run r --format gguf --out o, Invalid value for option '--format'"
  })
  void aWrongCallHasCodeTwo(String call, String message) {
    Outcome outcome = ddim(call.split(" "));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message);
  }

  private static Outcome load(String run, String... more) {
    String[] arguments = {
      "import", "--from", "diffusers:" + tiny.path("pipeline"), "--out", tiny.path(run)
    };
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return ddim(all);
  }
}
