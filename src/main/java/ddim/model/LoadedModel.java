package ddim.model;

import ddim.diffusion.StepTable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TInt64;

/** A SavedModel of ours in a TensorFlow session. */
public final class LoadedModel implements SamplingModel {
  /**
   * Saves a change of threads before every node of a small network; a large one gains more by nodes
   * that run side by side. A call that does so cannot be stopped.
   */
  private static final RunOptions IN_THE_CALLERS_THREAD =
      RunOptions.newBuilder().setInterOpThreadPool(-1).build();

  private final ModelSpec spec;
  private final SavedModelBundle bundle;
  private final Map<String, SignatureDef> signatures;
  private final Lanes lanes;
  private final RunOptions unlimited;

  private LoadedModel(ModelSpec spec, SavedModelBundle bundle, Lanes lanes, RunOptions unlimited) {
    this.spec = spec;
    this.bundle = bundle;
    this.lanes = lanes;
    this.unlimited = unlimited;
    this.signatures = bundle.metaGraphDef().getSignatureDefMap();
  }

  /**
   * Loads a version's folder, after checking that its files are whole.
   *
   * @param folder with {@code saved_model.pb} and {@code assets.extra/ddim.json}
   * @throws ModelFormatException if a file is missing, damaged or of another kind
   * @throws IOException if a file cannot be read
   */
  public static LoadedModel load(Path folder) throws IOException {
    return load(folder, SessionOptions.DEFAULTS);
  }

  /** As the other, in a session with these options. */
  public static LoadedModel load(Path folder, SessionOptions options) throws IOException {
    ModelSpec spec = ModelFiles.check(folder).model();
    boolean gpu = Device.hasGpu(options);
    SavedModelBundle bundle;
    try {
      bundle =
          SavedModelBundle.loader(folder.toString())
              .withTags(ModelSignature.TAG)
              .withConfigProto(options.toProto(options.threads(spec)))
              .load();
    } catch (TensorFlowException e) {
      throw new ModelFormatException(
          folder + ": TensorFlow cannot load the model: " + e.getMessage(), e);
    }
    boolean inPool = gpu || !Device.isSmall(spec.parameters());
    RunOptions unlimited = inPool ? RunOptions.getDefaultInstance() : IN_THE_CALLERS_THREAD;
    LoadedModel model = new LoadedModel(spec, bundle, new Lanes(options.calls()), unlimited);
    try {
      model.signature(ModelSignature.TRAJECTORY);
      model.signature(ModelSignature.LATENT);
      return model;
    } catch (ModelFormatException e) {
      model.close();
      throw new ModelFormatException(folder + ": " + e.getMessage(), e);
    }
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public float[][] latents(long[] seeds) {
    SignatureDef signature = signature(ModelSignature.LATENT);
    try (TInt64 seed = TInt64.tensorOf(Shape.of(seeds.length), DataBuffers.of(seeds));
        Result result =
            bundle
                .session()
                .runner()
                .feed(signature.getInputsOrThrow(ModelSignature.SEED).getName(), seed)
                .fetch(signature.getOutputsOrThrow(ModelSignature.LATENTS).getName())
                .setOptions(unlimited)
                .run()) {
      return split(result.get(0), seeds.length, spec.unet().imageSize());
    }
  }

  @Override
  public void advance(List<Trajectory> rows, int columns, int batchSize, @Nullable Duration limit) {
    TrajectoryBatch.requireFits(rows, columns, batchSize, spec);
    List<TrajectoryBatch> batches =
        lanes.share(rows, batchSize, Condition.mostPlaces(spec.unet())).stream()
            .map(share -> TrajectoryBatch.of(share.rows(), columns, share.batchSize(), spec))
            .toList();
    lanes.run(batches, batch -> call(batch, limit)).forEach(State::store);
  }

  /** What a call made of its rows, x and x0 [rows][image], history [rows][HISTORY * image]. */
  private record State(TrajectoryBatch batch, float[][] x, float[][] x0, float[][] history) {
    void store() {
      for (int i = 0; i < batch.rows().size(); i++) {
        Trajectory row = batch.rows().get(i);
        row.advanced(batch.steps(row), x[i], x0[i], history[i]);
      }
    }
  }

  private State call(TrajectoryBatch batch, @Nullable Duration limit) {
    SignatureDef signature = signature(ModelSignature.TRAJECTORY);
    List<Tensor> inputs = new ArrayList<>();
    try {
      Session.Runner runner = bundle.session().runner();
      batch
          .tensors()
          .forEach(
              (name, tensor) -> {
                inputs.add(tensor);
                runner.feed(signature.getInputsOrThrow(name).getName(), tensor);
              });
      for (String output : List.of(ModelSignature.X, ModelSignature.X0, ModelSignature.HISTORY)) {
        runner.fetch(signature.getOutputsOrThrow(output).getName());
      }
      runner.setOptions(limit == null ? unlimited : within(limit));
      long start = System.nanoTime();
      try (Result result = runner.run()) {
        int rows = batch.rows().size();
        int size = spec.unet().imageSize();
        return new State(
            batch,
            split(result.get(0), rows, size),
            split(result.get(1), rows, size),
            split(result.get(2), rows, StepTable.HISTORY * size));
      } catch (TensorFlowException e) {
        throw timedOut(e, start, limit);
      }
    } finally {
      inputs.forEach(Tensor::close);
    }
  }

  @Override
  public void close() {
    bundle.close();
    lanes.close();
  }

  private static RunOptions within(Duration limit) {
    return RunOptions.newBuilder().setTimeoutInMs(Math.max(1, limit.toMillis())).build();
  }

  /** TensorFlow Java loses the code of a time-out, so our own clock decides. */
  private static RuntimeException timedOut(
      TensorFlowException e, long start, @Nullable Duration limit) {
    Duration ran = Duration.ofNanos(System.nanoTime() - start);
    if (limit != null && ran.compareTo(limit.minusMillis(1)) >= 0) {
      return new TrajectoryTimeoutException(
          "the graph was stopped after " + ran.toMillis() + " ms", e);
    }
    return e;
  }

  private static float[][] split(Tensor tensor, int rows, int size) {
    float[][] split = new float[rows][size];
    var data = tensor.asRawTensor().data().asFloats();
    for (int i = 0; i < rows; i++) {
      data.slice((long) i * size, size).read(split[i]);
    }
    return split;
  }

  private SignatureDef signature(String name) {
    SignatureDef signature = signatures.get(name);
    if (signature == null) {
      throw new ModelFormatException(
          "the model has no signature '" + name + "'; it has " + signatures.keySet());
    }
    return signature;
  }
}
