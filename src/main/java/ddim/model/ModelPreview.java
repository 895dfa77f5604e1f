package ddim.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** Images of weights that are not exported. */
public final class ModelPreview {
  /** Guidance 1 is one network call a step. */
  private static final float AS_LEARNED = 1;

  private ModelPreview() {}

  /**
   * The images that the exported model makes of the seeds 0, 1, 2, ... with eta 0; of a network
   * with classes the first image shows the first class, and so on in turns.
   *
   * @param count how many, at least 1
   * @param steps of each, from 1 to the schedule's T
   * @return height x width x channels unsigned bytes each
   */
  public static List<byte[]> images(ModelWeights weights, int count, int steps) {
    int classes = weights.unet().classes();
    long[] seeds = new long[count];
    Arrays.setAll(seeds, i -> i);
    int[] stepsOfRows = new int[count];
    Arrays.fill(stepsOfRows, steps);
    int[] labels = new int[count];
    Arrays.setAll(labels, i -> classes == 0 ? Condition.NO_LABEL : i % classes);
    float[] guidance = new float[count];
    Arrays.fill(guidance, AS_LEARNED);
    try (Graph graph = new Graph()) {
      Map<String, SignatureDef> signatures = ModelGraph.build(graph, weights, WeightType.FLOAT32);
      SignatureDef signature =
          Objects.requireNonNull(signatures.get(ModelSignature.SERVING_DEFAULT));
      try (Session session = new Session(graph);
          TInt64 seed = TInt64.vectorOf(seeds);
          TInt32 step = TInt32.vectorOf(stepsOfRows);
          TFloat32 eta = TFloat32.vectorOf(new float[count]);
          TInt32 label = TInt32.vectorOf(labels);
          TFloat32 guide = TFloat32.vectorOf(guidance)) {
        Map<String, Tensor> inputs =
            Map.of(
                ModelSignature.SEED, seed,
                ModelSignature.STEPS, step,
                ModelSignature.ETA, eta,
                ModelSignature.LABELS, label,
                ModelSignature.GUIDANCE, guide);
        try (Result result = SignatureCall.run(session, signature, ModelSignature.IMAGES, inputs)) {
          return rows((TUint8) result.get(0), count);
        }
      }
    }
  }

  private static List<byte[]> rows(TUint8 images, int count) {
    byte[] all = new byte[Math.toIntExact(images.size())];
    images.asRawTensor().data().read(all);
    int size = all.length / count;
    List<byte[]> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(Arrays.copyOfRange(all, i * size, (i + 1) * size));
    }
    return rows;
  }
}
