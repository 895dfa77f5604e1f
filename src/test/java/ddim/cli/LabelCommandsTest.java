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
  void inspectSaysTheClasses() {
    assertThat(ddim("inspect", folder.resolve("models/tiny/1").toString()).out())
        .contains("classes     3 []");
  }

  private static Outcome sample(String out, String... more) {
    String[] arguments = {
      "sample",
      "--models",
      folder.resolve("models").toString(),
      "--model",
      "tiny",
      "--count",
      "2",
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
