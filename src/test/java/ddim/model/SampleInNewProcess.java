package ddim.model;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A program: samples with an exported model and leaves the numbers in a file. */
final class SampleInNewProcess {
  private SampleInNewProcess() {}

  static final long[] SEEDS = {3, 4, 5};
  static final int[] STEPS = {4, 9, 20};
  static final float[] ETA = {0, 1, 0.3f};

  /** Arguments: the model's folder, the file to write. */
  public static void main(String[] args) throws Exception {
    try (SignatureRunner model = new SignatureRunner(Path.of(args[0]))) {
      float[] x0 =
          model
              .run(
                  ModelSignature.SERVING_DEFAULT,
                  Map.of(
                      "seed", SignatureRunner.longs(SEEDS),
                      "steps", SignatureRunner.ints(STEPS),
                      "eta", SignatureRunner.floats(ETA, ETA.length)))
              .get("x0");
      ByteBuffer bytes = ByteBuffer.allocate(x0.length * Float.BYTES);
      bytes.asFloatBuffer().put(x0);
      Files.write(Path.of(args[1]), bytes.array());
    }
  }
}
