package ddim.cli;

import static ddim.cli.TinyModel.ddim;
import static org.assertj.core.api.Assertions.assertThat;

import ddim.cli.TinyModel.Outcome;
import ddim.model.SavedModelWriter;
import ddim.model.SignatureBuilder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** Colour models are measured against the kinds of images that they can be trained on. */
class EvaluateImagesTest {
  private static final int CIFAR_FILE = 30_730_000;

  @TempDir static Path folder;

  @BeforeAll
  static void makeFeatures() throws IOException {
    try (Graph graph = new Graph()) {
      SignatureBuilder signature = new SignatureBuilder(Ops.create(graph), "serving_default");
      Ops tf = signature.ops();
      Operand<TUint8> images = signature.input("images", TUint8.class, Shape.of(-1, -1, -1, 3));
      Operand<TFloat32> mean =
          tf.math.mean(tf.dtypes.cast(images, TFloat32.class), tf.constant(new int[] {1, 2}));
      signature.output("features", mean); // of each colour
      byte[] bytes = SavedModelWriter.bytes(graph, Map.of("serving_default", signature.build()));
      SavedModelWriter.write(folder.resolve("features"), Map.of("saved_model.pb", bytes));
    }
  }

  @Test
  void picturesAreComparedWithTheTestPicturesThatAreGiven() throws IOException {
    picture("faces/dark", 12, 0);
    picture("faces/light", 12, 200);
    picture("others", 8, 100);
    trainAndExport("faces", "{\"base\": \"tiny\"}");

    Outcome measured = evaluate("faces", "--only", "table1,table2", "--test", path("others"));

    assertThat(measured.exitCode()).as(measured.err()).isZero();
    assertThat(folder.resolve("faces-evaluation/EVALUATION.md"))
        .content()
        .contains("against the first 12 images of faces", "of 2 test images of others");
    Outcome missing = evaluate("faces");
    assertThat(missing.exitCode()).isEqualTo(2);
    assertThat(missing.err())
        .contains(
            "Missing option '--test': "
                + path("faces")
                + " has no test images of its own (t10k-images-idx3-ubyte or test_batch.bin); name"
                + " a folder with images on which the model was not trained");
    Outcome trained = evaluate("faces", "--test", path("faces/dark"));
    assertThat(trained.exitCode()).isEqualTo(2);
    assertThat(trained.err())
        .contains(
            "Invalid value for option '--test': must have images on which the model was not"
                + " trained, "
                + path("faces/dark")
                + " shares its images with --data "
                + path("faces"));
  }

  @Test
  void theTestImagesOfCifarAreInItsFolder() throws IOException {
    Files.createDirectories(folder.resolve("cifar"));
    byte[] file = new byte[CIFAR_FILE];
    new Random(1).nextBytes(file);
    for (int i = 0; i < file.length; i += CIFAR_FILE / 10_000) {
      file[i] = 3; // a label
    }
    for (String name : List.of("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4")) {
      Files.write(folder.resolve("cifar/" + name + ".bin"), file);
    }
    Files.write(folder.resolve("cifar/data_batch_5.bin"), file);
    Files.write(folder.resolve("cifar/test_batch.bin"), file);
    trainAndExport("cifar", "{\"base\": \"tiny\", \"unet\": {\"height\": 32, \"width\": 32}}");

    Outcome measured = evaluate("cifar", "--only", "table2");

    assertThat(measured.exitCode()).as(measured.err()).isZero();
    assertThat(folder.resolve("cifar-evaluation/settings.json"))
        .content()
        .contains("cifar10, 50000 images", "cifar10, 10000 images");
  }

  private static void trainAndExport(String data, String recipe) throws IOException {
    Files.writeString(folder.resolve(data + ".json"), recipe);
    Outcome trained =
        ddim(
            "train",
            "--data",
            path(data),
            "--config",
            path(data + ".json"),
            "--out",
            path(data + "-run"),
            "--steps",
            "1",
            "--samples",
            "0");
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    Outcome exported =
        ddim("export", "--run", path(data + "-run"), "--models", path("models"), "--name", data);
    assertThat(exported.exitCode()).as(exported.err()).isZero();
  }

  private static Outcome evaluate(String data, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of("evaluate", "--models", path("models"), "--model", data, "--data", path(data)));
    all.addAll(List.of("--features", path("features"), "--out", path(data + "-evaluation")));
    all.addAll(List.of("--count", "6", "--real", "12", "--reconstructed", "2"));
    all.addAll(List.of("--steps", "1,2", "--solver-steps", "2"));
    all.addAll(List.of(more));
    return ddim(all.toArray(String[]::new));
  }

  private static void picture(String into, int count, int red) throws IOException {
    Files.createDirectories(folder.resolve(into));
    Random random = new Random(red);
    for (int i = 0; i < count; i++) {
      BufferedImage image = new BufferedImage(10, 9, BufferedImage.TYPE_INT_RGB);
      for (int pixel = 0; pixel < 90; pixel++) {
        image.setRGB(pixel % 10, pixel / 10, red << 16 | random.nextInt(1 << 16));
      }
      ImageIO.write(image, "png", folder.resolve(into + "/" + i + ".png").toFile());
    }
  }

  private static String path(String name) {
    return folder.resolve(name).toString();
  }
}
