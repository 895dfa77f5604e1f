package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with classes from the command line: trained, exported, asked. */
class LabelCommandsTest {
  @TempDir static Path folder;

  @BeforeAll
  static void train() throws Exception {
    TinyModel tiny = TinyModel.in(folder);
    ByteBuffer labels = ByteBuffer.allocate(28).putInt(0x0801).putInt(20);
    for (int i = 0; i < 20; i++) {
      labels.put((byte) (i % 3));
    }
    Files.write(folder.resolve("noise/train-labels-idx1-ubyte"), labels.array());
    Files.writeString(
        folder.resolve("recipe.json"),
        "{\"base\": \"tiny\", \"unet\": {\"image_channels\": 1, \"classes\": 3}}");
    tiny.trainAndExport();
  }

  @Test
  void severalLabelsMakeAGrid() {
    Outcome outcome = sample("grid.png", "--labels", "0,2,-1", "--guidance", "1,2");

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out()).startsWith("12 images of tiny version 1, 0, guidance 1.0, 2 steps;");
    assertThat(folder.resolve("grid.png")).isNotEmptyFile();
  }

  @Test
  void labelsThatTheModelDoesNotHaveAreRefused() {
    Outcome number = sample("x.png", "--labels", "3");
    Outcome name = sample("x.png", "--labels", "boat");
    Outcome guidance = sample("x.png", "--guidance", "2");

    assertThat(number.exitCode()).isEqualTo(2);
    assertThat(number.err()).contains("class_labels[0] must be from -1 to 2, is 3");
    assertThat(name.exitCode()).isEqualTo(2);
    assertThat(name.err()).contains("no class 'boat'; the model has no names of classes");
    assertThat(guidance.exitCode()).isEqualTo(2);
    assertThat(guidance.err()).contains("'--guidance': is for --labels, which are absent");
  }

  @Test
  void generateTakesLabelsInTurn() throws Exception {
    Outcome turns = generate("turns", "--labels", "0,2", "--guidance", "100");
    generate("first", "--labels", "0", "--guidance", "100");
    generate("second", "--labels", "2", "--guidance", "100");

    assertThat(turns.exitCode()).as(turns.err()).isZero();
    for (int i = 0; i < 3; i++) {
      String file = "00000" + i + ".png";
      Path image = folder.resolve("turns").resolve(file);
      assertThat(image)
          .hasSameBinaryContentAs(folder.resolve(i % 2 == 0 ? "first" : "second").resolve(file));
      assertThat(Files.readAllBytes(image))
          .isNotEqualTo(
              Files.readAllBytes(folder.resolve(i % 2 == 0 ? "second" : "first").resolve(file)));
    }
    assertThat(generate("turns", "--labels", "0,1", "--guidance", "100").err())
        .contains("labels is [0,2] there, [0,1] now");
    assertThat(generate("x", "--labels", "3").err())
        .contains("Invalid value for option '--labels': the label must be from -1 to 2, is 3");
    assertThat(generate("x", "--labels", "boat").err()).contains("no class 'boat'");
    assertThat(generate("x", "--labels", "1", "--guidance", "1,2").err())
        .contains("Invalid value for option '--guidance': must be one number, is [1.0, 2.0]");
    assertThat(generate("x", "--labels", "1", "--guidance", "-1").err())
        .contains("Invalid value for option '--guidance': guidance must be from 0 to 100, is -1.0");
    assertThat(generate("x", "--guidance", "2").err())
        .contains("is for --labels, which are absent");
  }

  /** From a level where the picture of a network that has learned nothing is not black or white. */
  private static Outcome generate(String out, String... more) {
    String[] all = java.util.Arrays.copyOf(more, more.length + 2);
    all[more.length] = "--timesteps";
    all[more.length + 1] = "300";
    return ask("generate", "3", out, all);
  }

  @Test
  void evaluateMeasuresClassesInTurn() throws Exception {
    Files.copy(
        folder.resolve("noise/train-images-idx3-ubyte"),
        folder.resolve("noise/t10k-images-idx3-ubyte"));
    Files.copy(
        folder.resolve("noise/train-labels-idx1-ubyte"),
        folder.resolve("noise/t10k-labels-idx1-ubyte"));
    String noise = folder.resolve("noise").toString();
    String features = folder.resolve("features").toString();
    ddim("train-features", "--data", noise, "--epochs", "1", "--out", features);

    Outcome measured = evaluate(noise, features, "--labelled", "--guidance", "2");

    assertThat(measured.exitCode()).as(measured.err()).isZero();
    assertThat(folder.resolve("evaluation/EVALUATION.md"))
        .content()
        .contains("Samples are of the 3 classes in turn, guidance 2.0.");
    assertThat(evaluate(noise, features).err())
        .contains("labels is \"in turn, guidance 2.0\" there, absent now");
    assertThat(evaluate(noise, features, "--guidance", "2").err())
        .contains("Invalid value for option '--guidance': is for --labelled, which is absent");
  }

  private static Outcome evaluate(String data, String features, String... more) {
    String[] start = {
      "--data", data, "--features", features, "--only", "samples,time", "--real", "20"
    };
    String[] all = java.util.Arrays.copyOf(start, start.length + more.length);
    System.arraycopy(more, 0, all, start.length, more.length);
    return ask("evaluate", "4", "evaluation", all);
  }

  @Test
  void inspectSaysTheClasses() {
    assertThat(ddim("inspect", folder.resolve("models/tiny/1").toString()).out())
        .contains("classes     3 []");
  }

  private static Outcome sample(String out, String... more) {
    return ask("sample", "2", out, more);
  }

  private static Outcome ask(String command, String count, String out, String... more) {
    String[] arguments = {
      command,
      "--models",
      folder.resolve("models").toString(),
      "--model",
      "tiny",
      "--count",
      count,
      "--steps",
      "2",
      "--out",
      folder.resolve(out).toString()
    };
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return ddim(all);
  }
}
