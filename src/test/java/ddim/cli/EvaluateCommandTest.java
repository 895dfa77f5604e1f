package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measuring a model, bulk generation and the card, as a user calls them, on a tiny model. */
class EvaluateCommandTest {
  @TempDir static Path folder;
  private static TinyModel tiny;

  @BeforeAll
  static void train() throws IOException {
    tiny = TinyModel.in(folder);
    tiny.trainAndExport();
    Path noise = folder.resolve("noise");
    Files.copy(noise.resolve("train-images-idx3-ubyte"), noise.resolve("t10k-images-idx3-ubyte"));
    for (String split : new String[] {"train", "t10k"}) {
      ByteBuffer labels = ByteBuffer.allocate(8 + 20).putInt(0x0801).putInt(20);
      for (int i = 0; i < 20; i++) {
        labels.put((byte) (i % 3));
      }
      Files.write(noise.resolve(split + "-labels-idx1-ubyte"), labels.array());
    }
  }

  @Test
  void aModelIsMeasuredWithFeaturesTrainedHereAndItsCardTellsTheResult() throws IOException {
    Outcome trained =
        ddim("train-features", "--data", tiny.path("noise"), "--out", tiny.path("features"));
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    assertThat(trained.out()).startsWith("test accuracy ");

    Outcome measured = evaluate("--features", tiny.path("features"), "--only", "table1,table2");
    assertThat(measured.exitCode()).as(measured.err()).isZero();
    assertThat(measured.err()).contains("features of the noise classifier, test accuracy");
    assertThat(folder.resolve("evaluation/EVALUATION.md")).content().contains("## Table 2");

    Files.writeString(folder.resolve("notes.md"), "## How it was made\n\nBy a test.\n");
    Outcome card =
        ddim(
            "card",
            "--models",
            tiny.path("models"),
            "--model",
            "tiny",
            "--evaluation",
            tiny.path("evaluation"),
            "--run",
            tiny.path("run"),
            "--notes",
            tiny.path("notes.md"));
    assertThat(card.exitCode()).as(card.err()).isZero();
    Path version = folder.resolve("models/tiny/1");
    assertThat(version.resolve("MODEL_CARD.md"))
        .content()
        .contains("SHA-256 of the weights", "By a test.", "### Table 1: ", "| sigma-hat |")
        .contains("](assets.extra/card/table2.png)", "](assets.extra/card/loss.png)");
    assertThat(version.resolve("assets.extra/card/table1-eta.png")).isRegularFile();
    assertThat(ddim("inspect", version.toString()).exitCode()).isZero();
  }

  @Test
  void aModelOfOtherImagesNeedsFeaturesOfItsOwn() {
    Outcome outcome = evaluate();

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "Missing option '--features': the classifier that ships is for grey images of 28");
  }

  @Test
  void aModelWithoutClassesIsNotMeasuredByThem() {
    Outcome outcome = evaluate("--features", tiny.path("noise"), "--labelled");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("Invalid value for option '--labelled': the model tiny has no classes");
  }

  @Test
  void generateMakesAsManyImagesAsWereAskedFor() {
    Outcome first = generate("--shard", "0/2");
    Outcome second = generate("--shard", "1/2");

    assertThat(first.out())
        .contains("shard 0/2: 2 images in ", "those of other shards are missing");
    assertThat(second.out()).contains("shard 1/2: 3 images in ", "; all 5 are there");
    assertThat(folder.resolve("bulk").toFile().list((dir, name) -> name.endsWith(".png")))
        .hasSize(5);
    assertThat(generate("--shard", "2/2").exitCode()).isEqualTo(2);
    assertThat(generate("--eta", "0.5").err()).contains("sampler is ");
  }

  private static Outcome generate(String... more) {
    return ask("generate", "bulk", more, "--count", "5", "--steps", "2", "--batch", "2");
  }

  private static Outcome evaluate(String... more) {
    return ask(
        "evaluate",
        "evaluation",
        more,
        "--data",
        tiny.path("noise"),
        "--count",
        "4",
        "--real",
        "20",
        "--reconstructed",
        "2",
        "--steps",
        "1,2",
        "--solver-steps",
        "2");
  }

  private static Outcome ask(String command, String out, String[] more, String... arguments) {
    String[] start = {
      command, "--models", tiny.path("models"), "--model", "tiny", "--out", tiny.path(out)
    };
    String[] all = new String[start.length + arguments.length + more.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(arguments, 0, all, start.length, arguments.length);
    System.arraycopy(more, 0, all, start.length + arguments.length, more.length);
    return ddim(all);
  }
}
