import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.ModelDescription;
import ddim.model.ModelSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * What this project's own runtime makes of every signature: inputs and outputs as NumPy files, for
 * other runtimes to compare with.
 *
 * <p>{@code java -cp … Reference.java MODEL_DIR OUT} writes {@code
 * OUT/SIGNATURE-BATCH/(in|out).NAME.npy}.
 */
final class Reference {
  private static final int[] BATCHES = {1, 7};
  private static final int[] STEPS = {5, 1, 2, 3, 4, 6, 7};
  private static final float[] ETAS = {0, 0.5f, 1, 0, 0.5f, 1, 0};
  private static final int[] TIMES = {500, 0, 1, 10, 100, 900, 999};

  /**
   * Of a model with classes: rows that ask the network once and twice, without a label, and with
   * one that is none. The first row alone asks once.
   */
  private static final int[] LABELS = {1, 0, -1, 1, 1_000_000, 0, 1};

  private static final float[] GUIDANCES = {1, 2, 3, 0, 2, 1.5f, 1};

  private final ModelSpec spec;
  private final int batch;
  private final SplittableRandom random = new SplittableRandom(6);

  private Reference(ModelSpec spec, int batch) {
    this.spec = spec;
    this.batch = batch;
  }

  public static void main(String[] args) throws IOException {
    Path model = Path.of(args[0]);
    Path out = Path.of(args[1]);
    ModelSpec spec = ModelDescription.of(model).spec();
    try (SavedModelBundle bundle = SavedModelBundle.load(model.toString(), "serve")) {
      for (int batch : BATCHES) {
        for (var entry : new Reference(spec, batch).inputs().entrySet()) {
          SignatureDef signature = bundle.metaGraphDef().getSignatureDefOrThrow(entry.getKey());
          Path folder = Files.createDirectories(out.resolve(entry.getKey() + "-" + batch));
          run(bundle.session(), signature, entry.getValue(), folder);
        }
      }
    }
  }

  private static void run(
      Session session, SignatureDef signature, Map<String, Tensor> inputs, Path folder)
      throws IOException {
    Session.Runner runner = session.runner();
    for (var input : inputs.entrySet()) {
      save(folder.resolve("in." + input.getKey() + ".npy"), input.getValue());
      runner.feed(signature.getInputsOrThrow(input.getKey()).getName(), input.getValue());
    }
    List<String> names = List.copyOf(new TreeMap<>(signature.getOutputsMap()).keySet());
    names.forEach(name -> runner.fetch(signature.getOutputsOrThrow(name).getName()));
    try (Result result = runner.run()) {
      for (int i = 0; i < names.size(); i++) {
        save(folder.resolve("out." + names.get(i) + ".npy"), result.get(i));
      }
    }
  }

  /** The inputs of every signature. */
  private Map<String, Map<String, Tensor>> inputs() {
    int[] steps = Arrays.copyOf(STEPS, batch);
    float[] etas = Arrays.copyOf(ETAS, batch);
    int[] times = Arrays.copyOf(TIMES, batch);
    long[] seeds = new long[batch];
    Arrays.setAll(seeds, i -> 11L - 1_000_000_007L * i);
    Tensor latents = image(1);
    Map<String, Map<String, Tensor>> inputs = new LinkedHashMap<>();
    inputs.put(
        "serving_default",
        guided(
            Map.of("seed", longs(seeds), "steps", ints(steps, batch), "eta", floats(etas, batch))));
    inputs.put("sample", guided(Map.of("x_T", latents, "steps", ints(steps, batch))));
    inputs.put("latent", Map.of("seed", longs(seeds)));
    inputs.put("predict_noise", labelled(Map.of("x", latents, "t", ints(times, batch))));
    inputs.put("trajectory", guided(trajectory(latents, seeds, steps, etas)));
    return inputs;
  }

  /** The same inputs with the labels of a network that has classes. */
  private Map<String, Tensor> labelled(Map<String, Tensor> inputs) {
    Map<String, Tensor> more = new LinkedHashMap<>(inputs);
    if (spec.unet().classes() > 0) {
      more.put("labels", ints(Arrays.copyOf(LABELS, batch), batch));
    }
    return more;
  }

  private Map<String, Tensor> guided(Map<String, Tensor> inputs) {
    Map<String, Tensor> more = labelled(inputs);
    if (spec.unet().classes() > 0) {
      more.put("guidance", floats(Arrays.copyOf(GUIDANCES, batch), batch));
    }
    return more;
  }

  /** The tables of {@code serving_default} as a client makes them, clipped to [-1, 1]. */
  private Map<String, Tensor> trajectory(Tensor x, long[] seeds, int[] steps, float[] etas) {
    int columns = Arrays.stream(steps).max().orElseThrow();
    int width = Column.values().length;
    int[] timestep = new int[batch * columns];
    float[] table = new float[batch * columns * width];
    Arrays.fill(timestep, -1);
    for (int i = 0; i < batch; i++) {
      StepTable row =
          Sampler.ddim(steps[i], etas[i])
              .table(NoiseSchedule.of(spec.schedule()), spec.prediction());
      for (int k = 0; k < columns; k++) {
        int cell = i * columns + k;
        table[cell * width] = 1; // of padding: divided by, then thrown away
        if (k < row.length()) {
          timestep[cell] = row.timestep(k);
          for (Column column : Column.values()) {
            table[cell * width + column.index()] = (float) row.get(k, column);
          }
        }
      }
    }
    float[] clip = new float[2 * batch];
    for (int i = 0; i < batch; i++) {
      clip[2 * i] = 1;
    }
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    inputs.put("x", x);
    inputs.put("seed", longs(seeds));
    inputs.put("timestep", ints(timestep, batch, columns));
    inputs.put("table", floats(table, batch, columns, width));
    inputs.put("clip", floats(clip, batch, 2));
    inputs.put("history", image(StepTable.HISTORY));
    return inputs;
  }

  /** Standard normal images; more than one a row get a dimension of their own. */
  private Tensor image(int perRow) {
    var unet = spec.unet();
    float[] values = new float[batch * perRow * unet.imageSize()];
    for (int i = 0; i < values.length; i++) {
      double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
      values[i] = (float) (radius * Math.cos(2 * Math.PI * random.nextDouble()));
    }
    List<Long> shape = new ArrayList<>(List.of((long) batch));
    if (perRow > 1) {
      shape.add((long) perRow);
    }
    shape.addAll(
        List.of((long) unet.height(), (long) unet.width(), (long) unet.imageChannels()));
    return floats(values, shape.stream().mapToLong(Long::longValue).toArray());
  }

  private static Tensor floats(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  private static Tensor ints(int[] values, long... shape) {
    return TInt32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  private static Tensor longs(long[] values) {
    return TInt64.tensorOf(Shape.of(values.length), DataBuffers.of(values));
  }

  /** Writes the NPY format, version 1.0. */
  private static void save(Path file, Tensor tensor) throws IOException {
    String shape =
        Arrays.toString(tensor.shape().asArray()).replace("[", "(").replace("]", ",)");
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': %s}"
            .formatted(description(tensor.dataType()), shape);
    int length = (10 + header.length() + 1 + 63) / 64 * 64 - 10;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    out.write(
        ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) length).array());
    out.write((header + " ".repeat(length - 1 - header.length()) + "\n")
        .getBytes(StandardCharsets.US_ASCII));
    byte[] data = new byte[Math.toIntExact(tensor.numBytes())];
    tensor.asRawTensor().data().read(data);
    out.write(data);
    Files.write(file, out.toByteArray());
  }

  private static String description(DataType type) {
    return switch (type) {
      case DT_FLOAT -> "<f4";
      case DT_INT32 -> "<i4";
      case DT_INT64 -> "<i8";
      case DT_UINT8 -> "|u1";
      default -> throw new IllegalArgumentException("no NumPy type for " + type);
    };
  }
}
