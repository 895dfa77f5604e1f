package ddim.model;

import static ddim.model.ModelSignature.CLIP;
import static ddim.model.ModelSignature.EPS;
import static ddim.model.ModelSignature.ETA;
import static ddim.model.ModelSignature.GUIDANCE;
import static ddim.model.ModelSignature.HISTORY;
import static ddim.model.ModelSignature.IMAGES;
import static ddim.model.ModelSignature.LABELS;
import static ddim.model.ModelSignature.LATENTS;
import static ddim.model.ModelSignature.SEED;
import static ddim.model.ModelSignature.STEPS;
import static ddim.model.ModelSignature.T;
import static ddim.model.ModelSignature.TABLE;
import static ddim.model.ModelSignature.TIMESTEP;
import static ddim.model.ModelSignature.X;
import static ddim.model.ModelSignature.X0;

import ddim.diffusion.Clipping;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.nn.Dropout;
import ddim.nn.Params;
import ddim.nn.UNet;
import ddim.nn.UNetConfig;
import ddim.sampling.DefaultTable;
import ddim.sampling.Estimate;
import ddim.sampling.Noise;
import ddim.sampling.NoiseLevel;
import ddim.sampling.SamplingLoop;
import ddim.sampling.StepNoise;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/**
 * The graph that is exported: for inference only, its weights constants inside one function {@code
 * unet(x, t)} which every signature calls. That of a network with classes is {@code unet(x, t,
 * labels)}, and its signatures have {@code labels} and {@code guidance} besides.
 *
 * <p>Dimension 0 of every input and output is the batch; height, width and channels are known.
 */
final class ModelGraph {
  private final Ops tf;
  private final ModelWeights weights;
  private final WeightType type;
  private final UNetConfig unet;
  private final NoiseSchedule schedule;
  private final ConcreteFunction network;
  private final Map<String, SignatureDef> signatures = new LinkedHashMap<>();

  private ModelGraph(Graph graph, ModelWeights weights, WeightType type) {
    this.tf = Ops.create(graph);
    this.weights = weights;
    this.type = type;
    this.unet = weights.unet();
    this.schedule = NoiseSchedule.of(weights.schedule());
    this.network = ConcreteFunction.create(this::unetFunction);
  }

  /** Adds the five signatures to an empty graph. */
  static Map<String, SignatureDef> build(Graph graph, ModelWeights weights, WeightType type) {
    ModelGraph model = new ModelGraph(graph, weights, type);
    model.servingDefault();
    model.sample();
    model.trajectory();
    model.latent();
    model.predictNoise();
    return model.signatures;
  }

  private Signature unetFunction(Ops ops) {
    Placeholder<TFloat32> x =
        ops.withName(X).placeholder(TFloat32.class, Placeholder.shape(images()));
    Placeholder<TInt32> t = ops.withName(T).placeholder(TInt32.class, Placeholder.shape(rows()));
    Params constants =
        (name, init, shape) ->
            constant(ops, name, Shape.of(shape), DataBuffers.of(weights.values().get(name)));
    Signature.Builder signature = Signature.builder("unet").input(X, x).input(T, t);
    Placeholder<TInt32> labels = null;
    if (hasClasses()) {
      labels = ops.withName(LABELS).placeholder(TInt32.class, Placeholder.shape(rows()));
      signature.input(LABELS, labels);
    }
    Operand<TFloat32> predicted = UNet.apply(ops, constants, unet, Dropout.NONE, x, t, labels);
    return signature.output("predicted", predicted).build();
  }

  /** A constant of the weights' type under its name, made float32 again. */
  private Operand<TFloat32> constant(Ops ops, String name, Shape shape, FloatDataBuffer values) {
    if (type == WeightType.FLOAT32 || !WeightRounding.applies(shape)) {
      return ops.withName(name).constant(shape, values);
    }
    try (TFloating stored =
        type == WeightType.BFLOAT16
            ? TBfloat16.tensorOf(shape, values)
            : TFloat16.tensorOf(shape, values)) {
      Operand<TFloating> constant = ops.withName(name).constantOf(stored);
      return ops.withName(name + ".float32").dtypes.cast(constant, TFloat32.class);
    }
  }

  private Operand<TFloat32> call(Ops ops, Operand<?>... arguments) {
    Output<?>[] inputs = Arrays.stream(arguments).map(Operand::asOutput).toArray(Output<?>[]::new);
    Output<TFloat32> predicted =
        ops.scope()
            .opBuilder("PartitionedCall", "unet")
            .addInputList(inputs)
            .setAttr("Tout", new DataType[] {DataType.DT_FLOAT})
            .setAttr("f", network)
            .build()
            .output(0);
    return predicted;
  }

  private boolean hasClasses() {
    return unet.classes() > 0;
  }

  private SamplingLoop loop() {
    return hasClasses()
        ? SamplingLoop.guided(weights.prediction(), this::call, unet.classes())
        : SamplingLoop.deterministic(weights.prediction(), this::call);
  }

  /** What a network with classes is told besides. */
  private Map<String, Operand<?>> labelInputs(SignatureBuilder signature) {
    Map<String, Operand<?>> inputs = new LinkedHashMap<>();
    if (hasClasses()) {
      inputs.put(SamplingLoop.LABELS, signature.input(LABELS, TInt32.class, rows()));
      inputs.put(SamplingLoop.GUIDANCE, signature.input(GUIDANCE, TFloat32.class, rows()));
    }
    return inputs;
  }

  private void servingDefault() {
    SignatureBuilder signature = new SignatureBuilder(tf, ModelSignature.SERVING_DEFAULT);
    Operand<TInt64> seed = signature.input(SEED, TInt64.class, rows());
    Operand<TInt32> steps = signature.input(STEPS, TInt32.class, rows());
    Operand<TFloat32> eta = signature.input(ETA, TFloat32.class, rows());
    Map<String, Operand<?>> labels = labelInputs(signature);
    Ops ops = signature.ops();
    Operand<TFloat32> start =
        Noise.latents(ops, seed, Shape.of(unet.height(), unet.width(), unet.imageChannels()));
    DefaultTable table = DefaultTable.of(ops, schedule, steps, eta);
    Map<String, Operand<?>> inputs = loopInputs(ops, start, table);
    inputs.put(SamplingLoop.SEED, seed);
    inputs.putAll(labels);
    images(signature, loop().withNoise(StepNoise.SEEDED).run(ops, inputs));
  }

  private void sample() {
    SignatureBuilder signature = new SignatureBuilder(tf, ModelSignature.SAMPLE);
    Operand<TFloat32> start = signature.input(LATENTS, TFloat32.class, images());
    Operand<TInt32> steps = signature.input(STEPS, TInt32.class, rows());
    Map<String, Operand<?>> labels = labelInputs(signature);
    Ops ops = signature.ops();
    Map<String, Operand<?>> inputs =
        loopInputs(ops, start, DefaultTable.of(ops, schedule, steps, null));
    inputs.putAll(labels);
    images(signature, loop().run(ops, inputs));
  }

  private void trajectory() {
    SignatureBuilder signature = new SignatureBuilder(tf, ModelSignature.TRAJECTORY);
    Map<String, Operand<?>> inputs = new LinkedHashMap<>();
    inputs.put(SamplingLoop.X, signature.input(X, TFloat32.class, images()));
    inputs.put(SamplingLoop.SEED, signature.input(SEED, TInt64.class, rows()));
    inputs.put(SamplingLoop.TIMESTEP, signature.input(TIMESTEP, TInt32.class, Shape.of(-1, -1)));
    inputs.put(
        SamplingLoop.TABLE,
        signature.input(TABLE, TFloat32.class, Shape.of(-1, -1, Column.values().length)));
    inputs.put(SamplingLoop.CLIP, signature.input(CLIP, TFloat32.class, Shape.of(-1, 2)));
    Shape history =
        Shape.of(-1, StepTable.HISTORY, unet.height(), unet.width(), unet.imageChannels());
    inputs.put(SamplingLoop.HISTORY, signature.input(HISTORY, TFloat32.class, history));
    inputs.putAll(labelInputs(signature));
    SamplingLoop.Outcome after =
        loop()
            .withNoise(StepNoise.SEEDED)
            .withHistory()
            .withThresholding()
            .run(signature.ops(), inputs);
    signature.output(X, after.x());
    signature.output(X0, after.x0());
    signature.output(HISTORY, after.history(signature.ops()));
    signatures.put(signature.name(), signature.build());
  }

  private void latent() {
    SignatureBuilder signature = new SignatureBuilder(tf, ModelSignature.LATENT);
    Operand<TInt64> seed = signature.input(SEED, TInt64.class, rows());
    Shape image = Shape.of(unet.height(), unet.width(), unet.imageChannels());
    signature.output(LATENTS, Noise.latents(signature.ops(), seed, image));
    signatures.put(signature.name(), signature.build());
  }

  private void predictNoise() {
    SignatureBuilder signature = new SignatureBuilder(tf, ModelSignature.PREDICT_NOISE);
    Operand<TFloat32> x = signature.input(X, TFloat32.class, images());
    Operand<TInt32> t = signature.input(T, TInt32.class, rows());
    Ops ops = signature.ops();
    Operand<TFloat32> predicted =
        hasClasses()
            ? call(ops, x, t, signature.input(LABELS, TInt32.class, rows()))
            : call(ops, x, t);
    Estimate estimate =
        Estimate.of(
            ops,
            weights.prediction(),
            x,
            predicted,
            perImage(ops, NoiseLevel.signal(ops, schedule, t)),
            perImage(ops, NoiseLevel.noise(ops, schedule, t)));
    signature.output(EPS, estimate.eps());
    signatures.put(signature.name(), signature.build());
  }

  private static Operand<TFloat32> perImage(Ops ops, Operand<TFloat32> perRow) {
    return ops.reshape(perRow, ops.constant(new int[] {-1, 1, 1, 1}));
  }

  private static Map<String, Operand<?>> loopInputs(
      Ops ops, Operand<TFloat32> start, DefaultTable table) {
    Operand<TInt32> batch =
        ops.gather(ops.shape(start), ops.constant(new int[] {0}), ops.constant(0));
    Operand<TInt32> size = ops.concat(List.of(batch, ops.constant(new int[] {1})), ops.constant(0));
    Operand<TFloat32> range = ops.fill(size, ops.constant((float) Clipping.UNIT.range()));
    Operand<TFloat32> clip =
        ops.concat(List.of(range, ops.zerosLike(range)), ops.constant(1)); // [B, 2]
    Map<String, Operand<?>> inputs = new LinkedHashMap<>();
    inputs.put(SamplingLoop.X, start);
    inputs.put(SamplingLoop.TIMESTEP, table.timestep());
    inputs.put(SamplingLoop.TABLE, table.table());
    inputs.put(SamplingLoop.CLIP, clip);
    return inputs;
  }

  /** Outputs of a sampling signature: 8-bit pixels and the numbers that they round. */
  private void images(SignatureBuilder signature, SamplingLoop.Outcome after) {
    Ops ops = signature.ops();
    Operand<TFloat32> x = after.x();
    Operand<TFloat32> scaled =
        ops.math.mul(ops.math.add(x, ops.constant(1f)), ops.constant(127.5f));
    Operand<TFloat32> held =
        ops.math.minimum(
            ops.math.maximum(ops.math.round(scaled), ops.constant(0f)), ops.constant(255f));
    signature.output(IMAGES, ops.dtypes.cast(held, TUint8.class));
    signature.output(X0, x);
    signatures.put(signature.name(), signature.build());
  }

  private Shape images() {
    return Shape.of(-1, unet.height(), unet.width(), unet.imageChannels());
  }

  private static Shape rows() {
    return Shape.of(-1);
  }
}
