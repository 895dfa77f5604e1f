package ddim.eval.features;

import ddim.data.Batches;
import ddim.data.ImageSource;
import ddim.model.SavedModelWriter;
import ddim.model.SignatureBuilder;
import ddim.nn.ImageClassifier;
import ddim.nn.Params;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TUint8;

/**
 * Trains a classifier on labelled images and writes it as a SavedModel for {@link FeatureModel}.
 *
 * <p>Adam, images mirrored at random, the learning rate falling to 0 in a straight line. On a CPU
 * equal arguments give equal weights.
 */
public final class FeatureTrainer {
  private static final int BATCH = 128;
  private static final double LEARNING_RATE = 3e-3;

  private final ImageSource images;
  private final ImageSource test;
  private final int epochs;
  private final long seed;

  /** Hears of every step. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param step how many have been taken
     * @param loss the mean cross entropy of its batch
     */
    void onStep(long step, float loss);
  }

  /**
   * @param images labelled
   * @param test labelled, of the same shape, never trained on
   * @param epochs how often every image is seen, at least 1
   * @throws IllegalArgumentException if the images have no labels, another shape than those of the
   *     test, or sides that are no multiples of 4
   */
  public FeatureTrainer(ImageSource images, ImageSource test, int epochs, long seed) {
    if (images.classes() < 2 || test.classes() > images.classes() || test.classes() == 0) {
      throw new IllegalArgumentException(
          "a classifier needs labelled images: %s has %d classes, its test %d"
              .formatted(images.name(), images.classes(), test.classes()));
    }
    if (!shape(images).equals(shape(test))) {
      throw new IllegalArgumentException(
          "the images are of shape " + shape(images) + ", those of the test " + shape(test));
    }
    if (images.height() % 4 != 0 || images.width() % 4 != 0) {
      throw new IllegalArgumentException(
          "height and width must be multiples of 4, are %d and %d"
              .formatted(images.height(), images.width()));
    }
    if (epochs < 1) {
      throw new IllegalArgumentException("epochs must be 1 or more, is " + epochs);
    }
    this.images = images;
    this.test = test;
    this.epochs = epochs;
    this.seed = seed;
  }

  /** The number of steps in all. */
  public long steps() {
    return Math.max(1, (long) epochs * images.size() / BATCH);
  }

  /**
   * Trains, tests and writes.
   *
   * @param folder must not exist
   * @return the share of the test's images that are classified rightly
   * @throws IOException if the folder cannot be written
   */
  public double train(Path folder, Listener listener) throws IOException {
    if (Files.exists(folder)) {
      throw new IllegalArgumentException(folder + " is there already");
    }
    int classes = images.classes();
    try (Graph graph = new Graph()) {
      ClassifierGraph classifier = new ClassifierGraph(graph, shape(images), classes, seed);
      try (Session session = new Session(graph)) {
        classifier.initialize(session);
        Batches batches = new Batches(images, BATCH, seed).withHorizontalFlips();
        byte[] pixels = new byte[batches.batchBytes()];
        for (long step = 0; step < steps(); step++) {
          batches.batch(step, pixels);
          double rate = LEARNING_RATE * (1 - (double) step / steps());
          listener.onStep(
              step + 1, classifier.step(session, pixels, batches.labels(step), step, rate));
        }
        double accuracy = accuracy(classifier, session);
        write(folder, classifier.weights(session), accuracy);
        return accuracy;
      }
    }
  }

  private double accuracy(ClassifierGraph classifier, Session session) {
    int right = 0;
    for (int from = 0; from < test.size(); from += BATCH) {
      int count = Math.min(BATCH, test.size() - from);
      byte[] pixels = new byte[count * test.imageSize()];
      for (int i = 0; i < count; i++) {
        test.read(from + i, pixels, i * test.imageSize());
      }
      int[] found = classifier.classify(session, pixels, count);
      for (int i = 0; i < count; i++) {
        right += found[i] == test.label(from + i) ? 1 : 0;
      }
    }
    return (double) right / test.size();
  }

  private void write(Path folder, Map<String, float[]> weights, double accuracy)
      throws IOException {
    FeatureFile about =
        new FeatureFile(
            images.name() + " classifier",
            images.name(),
            images.license(),
            epochs,
            seed,
            test.size(),
            accuracy);
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(SavedModelWriter.GRAPH_FILE, graphFile(weights));
    files.put(FeatureFile.NAME, about.toJson());
    long parameters = weights.values().stream().mapToLong(values -> values.length).sum();
    files.put(
        FeatureCard.NAME,
        FeatureCard.of(about, shape(images), images.size(), parameters)
            .getBytes(StandardCharsets.UTF_8));
    SavedModelWriter.write(folder, files);
  }

  private byte[] graphFile(Map<String, float[]> weights) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      SignatureBuilder signature = new SignatureBuilder(tf, "serving_default");
      Ops ops = signature.ops();
      Operand<TUint8> pixels =
          signature.input(
              "images",
              TUint8.class,
              Shape.of(-1, images.height(), images.width(), images.channels()));
      Params constants =
          (name, init, shape) -> ops.constant(Shape.of(shape), DataBuffers.of(weights.get(name)));
      ImageClassifier.Outputs outputs =
          ImageClassifier.apply(
              ops, constants, ClassifierGraph.scaled(ops, pixels), images.classes());
      signature.output("features", outputs.features());
      signature.output("logits", outputs.logits());
      Map<String, SignatureDef> signatures = Map.of(signature.name(), signature.build());
      return SavedModelWriter.bytes(graph, signatures);
    }
  }

  private static Shape shape(ImageSource source) {
    return Shape.of(source.height(), source.width(), source.channels());
  }
}
