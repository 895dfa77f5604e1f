import ddim.data.FashionMnist;
import ddim.diffusion.Clipping;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.LoadedModel;
import ddim.model.SessionOptions;
import ddim.model.SessionOptions.Bfloat16;
import ddim.model.Trajectory;
import ddim.serve.SamplingClient;
import ddim.train.TrainConfig;
import ddim.train.Trainer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.SynchronousQueue;
import java.util.stream.LongStream;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * This project's side of the benchmark: reads one job a line, answers with one line, so that its
 * runs can take turns with those of other programs. The protocol is that of {@code worker.py}.
 */
final class Worker {
  /** What is timed; the numbers it returns are looked at, to see that all sides make the same. */
  private interface Job extends AutoCloseable {
    float[] run() throws Exception;

    @Override
    default void close() {}
  }

  /** A job that is warm: how often it runs before it is timed, and while. */
  private record Prepared(Job job, int before, int runs) {}

  /**
   * Jobs that are timed one by one, as a client waits for each; right after one that is not timed,
   * which leaves the processors' caches as they are in steady traffic.
   */
  private static final Set<String> ONCE = Set.of("ask", "list", "advance", "seeded");

  private static final double SHORTEST_TIMING = 0.05;
  private static final double WARM_UP = 2;
  private static final int PROBES = 8;

  private final Map<String, Prepared> jobs = new HashMap<>();
  private final Map<String, AutoCloseable> models = new LinkedHashMap<>();

  private Worker() {}

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Worker worker = new Worker();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(worker.answer(line));
    }
    Runtime.getRuntime().halt(0); // a training may be waiting for its next step
  }

  private String answer(String line) {
    try {
      switch (line) {
        case "drop":
          drop();
          return "ok 0";
        case "version":
          return "ok 0 TensorFlow " + TensorFlow.version() + ", Java " + Runtime.version().feature();
        default:
          return timed(line);
      }
    } catch (Exception e) {
      return "error " + String.valueOf(e).replaceAll("\\s+", " ");
    }
  }

  private String timed(String line) throws Exception {
    Prepared prepared = jobs.get(line);
    if (prepared == null) {
      Job job = job(line.split(" "));
      job.run();
      long start = System.nanoTime();
      job.run();
      double seconds = (System.nanoTime() - start) / 1e9;
      for (int i = 0; i < (int) (WARM_UP / seconds); i++) {
        job.run();
      }
      boolean once = ONCE.contains(line.split(" ")[0]);
      int runs = once ? 1 : (int) Math.max(1, Math.ceil(SHORTEST_TIMING / seconds));
      prepared = new Prepared(job, once ? 1 : 0, runs);
      jobs.put(line, prepared);
    }
    float[] made = {};
    for (int i = 0; i < prepared.before; i++) {
      prepared.job.run();
    }
    long start = System.nanoTime();
    for (int i = 0; i < prepared.runs; i++) {
      made = prepared.job.run();
    }
    double seconds = (System.nanoTime() - start) / 1e9 / prepared.runs;
    StringBuilder answer = new StringBuilder(String.format(Locale.ROOT, "ok %.9f", seconds));
    for (int i = 0; made.length > 0 && i < PROBES; i++) {
      answer.append(' ').append(made[i * (made.length / PROBES)]);
    }
    return answer.toString();
  }

  private void drop() throws Exception {
    for (Prepared prepared : jobs.values()) {
      prepared.job.close();
    }
    for (AutoCloseable model : models.values()) {
      model.close();
    }
    jobs.clear();
    models.clear();
  }

  private Job job(String[] words) throws Exception {
    return switch (words[0]) {
      case "unet" -> unet(Path.of(words[1]), number(words[2]), words[3]);
      case "sample" -> sample(Path.of(words[1]), number(words[2]), number(words[3]));
      case "advance" ->
          advance(Path.of(words[1]), number(words[2]), number(words[3]), number(words[4]));
      case "seeded" -> seeded(Path.of(words[1]), number(words[2]), number(words[3]));
      case "ask" -> ask(words[1], words[2], number(words[3]), number(words[4]));
      case "list" -> list(words[1]);
      case "load" -> load(Path.of(words[1]));
      case "gemm" -> gemm(number(words[1]));
      case "train" -> train(Path.of(words[1]));
      default -> throw new IllegalArgumentException("no job '" + words[0] + "'");
    };
  }

  private static int number(String word) {
    return Integer.parseInt(word);
  }

  /** As the server evaluates it: the only step ends at eps. */
  private Job unet(Path folder, int batch, String precision) throws Exception {
    LoadedModel model = model(folder, precision);
    double[] step = new double[Column.values().length];
    step[Column.SQRT_ALPHA_BAR.index()] = 1;
    step[Column.C.index()] = 1;
    StepTable eps = new StepTable(new int[] {500}, new double[][] {step}, Clipping.NONE);
    return () -> advanced(model, numbers(model, batch), eps, 1);
  }

  private Job sample(Path folder, int batch, int steps) throws Exception {
    SavedModelBundle bundle = bundle(folder);
    SignatureDef signature = bundle.metaGraphDef().getSignatureDefOrThrow("sample");
    int[] all = new int[batch];
    Arrays.fill(all, steps);
    Map<String, Tensor> inputs =
        Map.of("x_T", images(signature, "x_T", batch), "steps", ints(all));
    return call(bundle, signature, inputs, "x0");
  }

  private static Job call(
      SavedModelBundle bundle, SignatureDef signature, Map<String, Tensor> inputs, String output) {
    return () -> {
      Session.Runner runner = bundle.session().runner();
      inputs.forEach((name, t) -> runner.feed(signature.getInputsOrThrow(name).getName(), t));
      runner.fetch(signature.getOutputsOrThrow(output).getName());
      try (Result result = runner.run()) {
        float[] made = new float[Math.toIntExact(result.get(0).size())];
        result.get(0).asRawTensor().data().asFloats().read(made);
        return made;
      }
    };
  }

  private Job advance(Path folder, int batch, int steps, int columns) throws Exception {
    LoadedModel model = model(folder, "float32");
    StepTable table = table(model, steps);
    return () -> advanced(model, numbers(model, batch), table, columns);
  }

  /** All graph calls that a request leads to: the noise of its seeds, and the trajectory. */
  private Job seeded(Path folder, int batch, int steps) throws Exception {
    LoadedModel model = model(folder, "float32");
    StepTable table = table(model, steps);
    long[] seeds = LongStream.range(0, batch).toArray();
    return () -> advanced(model, model.latents(seeds), table, steps);
  }

  private static StepTable table(LoadedModel model, int steps) {
    return Sampler.ddim(steps, 0)
        .table(NoiseSchedule.of(model.spec().schedule()), model.spec().prediction());
  }

  private static float[][] numbers(LoadedModel model, int batch) {
    int size = model.spec().unet().imageSize();
    float[] all = numbers(batch * size);
    float[][] images = new float[batch][];
    for (int i = 0; i < batch; i++) {
      images[i] = Arrays.copyOfRange(all, i * size, (i + 1) * size);
    }
    return images;
  }

  private static float[] advanced(
      LoadedModel model, float[][] starts, StepTable table, int columns) {
    List<Trajectory> rows = new ArrayList<>();
    for (int i = 0; i < starts.length; i++) {
      rows.add(new Trajectory(i, starts[i], table));
    }
    while (!rows.get(0).isFinished()) {
      model.advance(rows, columns, starts.length, null);
    }
    int size = model.spec().unet().imageSize();
    float[] made = new float[starts.length * size];
    for (int i = 0; i < starts.length; i++) {
      System.arraycopy(rows.get(i).x(), 0, made, i * size, size);
    }
    return made;
  }

  private LoadedModel model(Path folder, String precision) throws IOException {
    String key = "model " + precision + " " + folder;
    if (!models.containsKey(key)) {
      Bfloat16 bfloat16 = precision.equals("bfloat16") ? Bfloat16.ON : Bfloat16.OFF;
      models.put(key, LoadedModel.load(folder, SessionOptions.DEFAULTS.with(bfloat16)));
    }
    return (LoadedModel) models.get(key);
  }

  private static Job ask(String target, String model, int count, int steps) {
    SamplingClient client = SamplingClient.connect(target);
    SamplingClient.Query query = SamplingClient.Query.of(model, 0, count).withSteps(steps);
    return new Job() {
      @Override
      public float[] run() {
        client.sample(query);
        return new float[0];
      }

      @Override
      public void close() {
        client.close();
      }
    };
  }

  /** A request for which the server computes nothing: the list of its models. */
  private static Job list(String target) {
    SamplingClient client = SamplingClient.connect(target);
    return new Job() {
      @Override
      public float[] run() {
        client.models();
        return new float[0];
      }

      @Override
      public void close() {
        client.close();
      }
    };
  }

  private static Job load(Path folder) {
    return () -> {
      LoadedModel.load(folder).close();
      return new float[0];
    };
  }

  private Job gemm(int n) {
    Graph graph = new Graph();
    Session session = new Session(graph);
    Ops tf = Ops.create(graph);
    var a = tf.placeholder(TFloat32.class);
    var sum = tf.reduceSum(tf.linalg.matMul(a, a), tf.constant(new int[] {0, 1}));
    TFloat32 matrix = TFloat32.tensorOf(Shape.of(n, n), DataBuffers.of(numbers(n * n)));
    models.put("gemm session", session); // closed first: a graph waits for its sessions to end
    models.put("gemm", graph);
    return () -> {
      session.runner().feed(a, matrix).fetch(sum).run().close();
      return new float[0];
    };
  }

  /** A whole training runs in a thread of its own and waits after every step until it is asked. */
  private static Job train(Path recipe) throws IOException {
    TrainConfig config = TrainConfig.read(recipe);
    Path folder = Files.createTempDirectory("ddim-bench");
    SynchronousQueue<String> asked = new SynchronousQueue<>();
    SynchronousQueue<String> done = new SynchronousQueue<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                asked.take();
                Trainer.run(
                    config,
                    FashionMnist.bundled(),
                    folder.resolve("run"),
                    Integer.MAX_VALUE,
                    false,
                    progress -> {
                      try {
                        done.put("ok");
                        asked.take();
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    });
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    thread.setDaemon(true);
    thread.start();
    return () -> {
      asked.put("go");
      done.take();
      return new float[0];
    };
  }

  /** The exported graph in a session as TensorFlow makes it. */
  private SavedModelBundle bundle(Path folder) {
    return (SavedModelBundle)
        models.computeIfAbsent(
            "bundle " + folder,
            key -> SavedModelBundle.loader(folder.toString()).withTags("serve").load());
  }

  private static Tensor images(SignatureDef signature, String input, int batch) {
    long[] shape =
        signature.getInputsOrThrow(input).getTensorShape().getDimList().stream()
            .mapToLong(dimension -> dimension.getSize() < 0 ? batch : dimension.getSize())
            .toArray();
    float[] values = numbers(Math.toIntExact(Shape.of(shape).size()));
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  /** The same numbers in [-1, 1] on every side. */
  private static float[] numbers(int size) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) (i * 7919L % 2001 / 1000.0 - 1);
    }
    return numbers;
  }

  private static Tensor ints(int... values) {
    return TInt32.tensorOf(Shape.of(values.length), DataBuffers.of(values));
  }
}
