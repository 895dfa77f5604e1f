package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A folder with images and a recipe that train in seconds, and the commands as a test calls them.
 *
 * @param folder where everything is
 */
record TinyModel(Path folder) {
  private static final int IMAGES = 20;
  private static final int SIZE = 8;

  /** What a command did. */
  record Outcome(int exitCode, String out, String err) {}

  /** Writes the images and the recipe. */
  static TinyModel in(Path folder) throws IOException {
    byte[] pixels = new byte[IMAGES * SIZE * SIZE];
    new Random(7).nextBytes(pixels);
    ByteBuffer idx = ByteBuffer.allocate(16 + pixels.length);
    idx.putInt(0x0803).putInt(IMAGES).putInt(SIZE).putInt(SIZE).put(pixels);
    Files.createDirectories(folder.resolve("noise"));
    Files.write(folder.resolve("noise/train-images-idx3-ubyte"), idx.array());
    Files.writeString(
        folder.resolve("recipe.json"), "{\"base\": \"tiny\", \"unet\": {\"image_channels\": 1}}");
    return new TinyModel(folder);
  }

  /** Runs a command in this process. */
  static Outcome ddim(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Outcome(exitCode, out.toString(), err.toString());
  }

  /** {@code ddim train} with so many steps and more arguments. */
  Outcome train(int steps, String... more) {
    String[] arguments = {
      "train", "--data", path("noise"), "--out", path("run"), "--steps", Integer.toString(steps)
    };
    String[] all = new String[arguments.length + more.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return ddim(all);
  }

  /** {@code ddim train} and {@code ddim export}: {@code models/tiny/1}. */
  void trainAndExport() {
    Outcome trained = train(2, "--config", path("recipe.json"));
    assertThat(trained.exitCode).as(trained.err).isZero();
    Outcome exported =
        ddim("export", "--run", path("run"), "--models", path("models"), "--name", "tiny");
    assertThat(exported.exitCode).as(exported.err).isZero();
  }

  String path(String name) {
    return folder.resolve(name).toString();
  }
}
