package ddim.model;

import ddim.model.GraphProfile.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.DeviceStepStats;
import org.tensorflow.proto.NodeExecStats;
import org.tensorflow.proto.NodeOutput;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.proto.SignatureDef;

/** Measures a signature's call, node by node, with TensorFlow's own trace. */
public final class GraphProfiler {
  private static final int WARM_UP_CALLS = 3;

  /** {@code [cpu 1.5MB 1.5MB] name = Operation(inputs)}. */
  private static final Pattern LABEL = Pattern.compile(" = (\\w+)\\(");

  private static final RunOptions TRACE =
      RunOptions.newBuilder().setTraceLevel(RunOptions.TraceLevel.FULL_TRACE).build();

  private final SavedModelBundle bundle;
  private final SignatureDef signature;
  private final Map<String, Tensor> inputs;
  private final Map<String, Sums> nodes = new LinkedHashMap<>();

  private GraphProfiler(
      SavedModelBundle bundle, SignatureDef signature, Map<String, Tensor> inputs) {
    this.bundle = bundle;
    this.signature = signature;
    this.inputs = inputs;
  }

  /**
   * Loads a version's folder, calls a signature to warm up, then as often as asked, each time once
   * without and once with the trace. The session has the threads of one lane of {@link
   * LoadedModel}.
   *
   * @param folder with {@code saved_model.pb} and {@code assets.extra/ddim.json}
   * @param signature its name
   * @param batchSize rows of the call, at least 1
   * @param steps of every row's trajectory, from 1 to the model's T; where there is no trajectory
   *     it means nothing
   * @param calls how many are measured, at least 1
   * @throws IllegalArgumentException if a number is out of range or there is no such signature
   * @throws ModelFormatException if the folder is not a model's
   * @throws IOException if a file cannot be read
   */
  public static GraphProfile profile(
      Path folder, String signature, int batchSize, int steps, int calls) throws IOException {
    if (calls < 1) {
      throw new IllegalArgumentException("calls must be 1 or more, is " + calls);
    }
    ModelSpec spec = ModelFiles.check(folder).model();
    ExampleInputs example = new ExampleInputs(spec, batchSize, steps);
    SessionOptions options = SessionOptions.DEFAULTS;
    try (SavedModelBundle bundle =
        SavedModelBundle.loader(folder.toString())
            .withTags(ModelSignature.TAG)
            .withConfigProto(options.toProto(options.threads(spec)))
            .load()) {
      Map<String, SignatureDef> signatures = bundle.metaGraphDef().getSignatureDefMap();
      SignatureDef definition = signatures.get(signature);
      if (definition == null) {
        throw new IllegalArgumentException(
            "signature must be one of %s, is '%s'"
                .formatted(new TreeSet<>(signatures.keySet()), signature));
      }
      Map<String, Tensor> inputs = example.of(signature, definition);
      try {
        return new GraphProfiler(bundle, definition, inputs).measure(calls);
      } finally {
        inputs.values().forEach(Tensor::close);
      }
    } catch (TensorFlowException e) {
      throw new ModelFormatException(folder + ": " + e.getMessage(), e);
    }
  }

  private GraphProfile measure(int calls) {
    for (int i = 0; i < WARM_UP_CALLS; i++) {
      runner().run().close();
    }
    runner().setOptions(TRACE).runAndFetchMetadata().close();
    long[] wall = new long[calls];
    long[] traced = new long[calls];
    for (int i = 0; i < calls; i++) {
      long start = System.nanoTime();
      runner().run().close();
      long middle = System.nanoTime();
      try (Result result = runner().setOptions(TRACE).runAndFetchMetadata()) {
        traced[i] = System.nanoTime() - middle;
        add(result.getMetadata().orElseThrow());
      }
      wall[i] = middle - start;
    }
    List<Entry> entries = new ArrayList<>();
    nodes.values().forEach(sums -> entries.add(sums.mean(calls)));
    return new GraphProfile(median(wall), median(traced), entries);
  }

  private Session.Runner runner() {
    Session.Runner runner = bundle.session().runner();
    inputs.forEach((name, t) -> runner.feed(signature.getInputsOrThrow(name).getName(), t));
    signature.getOutputsMap().values().forEach(output -> runner.fetch(output.getName()));
    return runner;
  }

  private void add(RunMetadata metadata) {
    for (DeviceStepStats device : metadata.getStepStats().getDevStatsList()) {
      String place = device.getDevice().replaceFirst("^.*/device:", "");
      for (NodeExecStats node : device.getNodeStatsList()) {
        String key = place + " " + node.getNodeName();
        nodes.computeIfAbsent(key, k -> new Sums(place, node)).add(node);
      }
    }
  }

  private static Duration median(long[] nanos) {
    Arrays.sort(nanos);
    return Duration.ofNanos(nanos[nanos.length / 2]);
  }

  /** What one node did over all calls. */
  private static final class Sums {
    private final String name;
    private final String operation;
    private final String device;
    private long count;
    private long nanos;
    private long bytes;

    Sums(String device, NodeExecStats first) {
      Matcher label = LABEL.matcher(first.getTimelineLabel());
      this.name = first.getNodeName();
      this.operation = label.find() ? label.group(1) : first.getNodeName();
      this.device = device;
    }

    void add(NodeExecStats run) {
      count++;
      nanos += run.getOpEndRelNanos() - run.getOpStartRelNanos();
      for (NodeOutput output : run.getOutputList()) {
        bytes += output.getTensorDescription().getAllocationDescription().getRequestedBytes();
      }
    }

    Entry mean(int calls) {
      return new Entry(
          name,
          operation,
          device,
          Math.round((double) count / calls),
          Duration.ofNanos(nanos / calls),
          bytes / calls);
    }
  }
}
