package ddim.model;

import ddim.nn.ParamSpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Weights rounded to a smaller type, and what that changes. */
final class WeightRounding {
  static final int STEPS = 10;
  private static final long[] SEEDS = {0, 1, 2, 3};
  private static final int DIGITS = 2;

  /** What a graph makes of equal inputs. */
  private record Answers(float[] eps, float[] images) {}

  private WeightRounding() {}

  /** Whether a weight is kept in the smaller type: what is large is. */
  static boolean applies(Shape shape) {
    return shape.numDimensions() > 1;
  }

  /**
   * The weights that a graph of this type has, in float32.
   *
   * @throws ModelFormatException if one is beyond the range of the type
   */
  static ModelWeights round(ModelWeights weights, WeightType type) {
    if (type == WeightType.FLOAT32) {
      return weights;
    }
    Map<String, float[]> values = new LinkedHashMap<>(weights.values());
    for (ParamSpec spec : ParamSpec.of(weights.unet())) {
      if (applies(spec.shape())) {
        values.computeIfPresent(spec.name(), (name, exact) -> round(name, exact, type));
      }
    }
    return weights.withValues(values);
  }

  private static float[] round(String name, float[] exact, WeightType type) {
    float[] rounded = new float[exact.length];
    for (int i = 0; i < exact.length; i++) {
      rounded[i] = type.round(exact[i]);
      if (Float.isInfinite(rounded[i])) {
        throw new ModelFormatException(
            "'%s' has the weight %s, which %s cannot hold".formatted(name, exact[i], type));
      }
    }
    return rounded;
  }

  /** Asks both networks for noise at several t, and for images. */
  static WeightStorage measure(ModelWeights exact, ModelWeights rounded, WeightType type) {
    Answers wanted = answers(exact, WeightType.FLOAT32);
    Answers got = answers(rounded, type);
    return new WeightStorage(
        type,
        digits(largestDifference(wanted.eps(), got.eps()) / largest(wanted.eps())),
        digits(meanDifference(wanted.images(), got.images())));
  }

  private static Answers answers(ModelWeights weights, WeightType type) {
    int last = weights.schedule().trainSteps() - 1;
    int[] steps = new int[SEEDS.length];
    Arrays.fill(steps, Math.min(STEPS, last + 1));
    float[] guidance = new float[SEEDS.length];
    Arrays.fill(guidance, 1);
    try (Graph graph = new Graph()) {
      Map<String, SignatureDef> signatures = ModelGraph.build(graph, weights, type);
      try (Session session = new Session(graph);
          TInt64 seed = TInt64.vectorOf(SEEDS);
          TInt32 t = TInt32.vectorOf(0, last / 10, last / 2, last);
          TInt32 stepsOfRows = TInt32.vectorOf(steps);
          TInt32 firstClass = TInt32.vectorOf(new int[SEEDS.length]);
          TFloat32 guidanceOfRows = TFloat32.vectorOf(guidance);
          Result drawn =
              SignatureCall.run(
                  session,
                  Objects.requireNonNull(signatures.get(ModelSignature.LATENT)),
                  ModelSignature.LATENTS,
                  Map.of(ModelSignature.SEED, seed))) {
        Map<String, Tensor> inputs =
            Map.of(
                ModelSignature.X, drawn.get(0),
                ModelSignature.LATENTS, drawn.get(0),
                ModelSignature.T, t,
                ModelSignature.STEPS, stepsOfRows,
                ModelSignature.LABELS, firstClass,
                ModelSignature.GUIDANCE, guidanceOfRows);
        return new Answers(
            floats(session, signatures, ModelSignature.PREDICT_NOISE, ModelSignature.EPS, inputs),
            floats(session, signatures, ModelSignature.SAMPLE, ModelSignature.X0, inputs));
      }
    }
  }

  private static float[] floats(
      Session session,
      Map<String, SignatureDef> signatures,
      String name,
      String output,
      Map<String, Tensor> inputs) {
    SignatureDef signature = Objects.requireNonNull(signatures.get(name));
    try (Result result = SignatureCall.run(session, signature, output, inputs)) {
      TFloat32 tensor = (TFloat32) result.get(0);
      float[] values = new float[Math.toIntExact(tensor.size())];
      tensor.asRawTensor().data().asFloats().read(values);
      return values;
    }
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static double meanDifference(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs(a[i] - b[i]);
    }
    return sum / a.length;
  }

  /** More digits would differ from machine to machine. */
  private static double digits(double number) {
    return BigDecimal.valueOf(number).round(new MathContext(DIGITS)).doubleValue();
  }
}
