package ddim.eval.experiment;

import ddim.data.ImageSource;
import ddim.eval.features.Features;
import ddim.model.ModelSpec;
import ddim.model.SamplingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Runs experiments and leaves {@code EVALUATION.md}, tables as CSV and pictures as PNG in a folder.
 *
 * <p>Every cell is stored when it is measured: run again, an evaluation continues where it was
 * interrupted, and parts may be run one after another.
 */
public final class Evaluation {
  /** The report, in the folder of an evaluation. */
  public static final String REPORT = "EVALUATION.md";

  /** The entry of {@code settings.json} that says which model was measured. */
  static final String WEIGHTS = "weights_digest";

  private final Bench bench;

  /** The experiments, in the order of the report. */
  public enum Part {
    SAMPLES,
    TABLE1,
    TABLE2,
    CONSISTENCY,
    TIME,
    NEIGHBOURS;

    /** Its name in commands. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private Evaluation(Bench bench) {
    this.bench = bench;
  }

  private static Experiment experiment(Part part, Bench bench) {
    return switch (part) {
      case SAMPLES -> new SampleGrid(bench);
      case TABLE1 -> new QualityTable(bench);
      case TABLE2 -> new ReconstructionTable(bench);
      case CONSISTENCY -> new ConsistencyPictures(bench);
      case TIME -> new TimeOverSteps(bench);
      case NEIGHBOURS -> new NeighbourPictures(bench);
    };
  }

  /**
   * Prepares an evaluation.
   *
   * @param train the images that the model was trained on
   * @param test others of the same kind
   * @param out the folder, made if it is not there
   * @throws IllegalArgumentException if images and model are of different shapes, there are fewer
   *     test images than a cell has, the model has no classes to follow, or the folder holds
   *     results of other settings
   */
  public static Evaluation of(
      SamplingModel model,
      Features features,
      ImageSource train,
      ImageSource test,
      EvaluationOptions options,
      Path out)
      throws IOException {
    for (ImageSource source : new ImageSource[] {train, test}) {
      requireShape(source, model.spec());
    }
    if (test.size() < options.count()) {
      throw new IllegalArgumentException(
          "the floor needs as many real test images as a cell has, %d; there are %d"
              .formatted(options.count(), test.size()));
    }
    if (options.guidance().isPresent() && model.spec().unet().classes() == 0) {
      throw new IllegalArgumentException("the model has no classes that images could be of");
    }
    ResultStore store =
        ResultStore.open(out, settings(model.spec(), features, train, test, options));
    return new Evaluation(
        new Bench(model, features, train, test, options, store, out, (calls, task) -> {}));
  }

  private static void requireShape(ImageSource source, ModelSpec spec) {
    var unet = spec.unet();
    if (source.height() != unet.height()
        || source.width() != unet.width()
        || source.channels() != unet.imageChannels()) {
      throw new IllegalArgumentException(
          "the images of %s are %dx%dx%d, the model's %dx%dx%d"
              .formatted(
                  source.name(),
                  source.height(),
                  source.width(),
                  source.channels(),
                  unet.height(),
                  unet.width(),
                  unet.imageChannels()));
    }
  }

  /** What cells depend on; numbers of steps are part of their names. */
  private static Map<String, Object> settings(
      ModelSpec spec,
      Features features,
      ImageSource train,
      ImageSource test,
      EvaluationOptions options) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put(WEIGHTS, spec.weightsDigest());
    settings.put("training_step", spec.trainingStep());
    settings.put("features", features.description());
    settings.put("train", train.name() + ", " + train.size() + " images");
    settings.put("test", test.name() + ", " + test.size() + " images");
    settings.put("count", options.count());
    settings.put("real", options.real());
    settings.put("reconstructed", options.reconstructed());
    settings.put("preset", options.preset().wireName());
    settings.put("batch_size", options.batchSize());
    settings.put("seed", options.seed());
    options
        .guidance()
        .ifPresent(guidance -> settings.put("labels", "in turn, guidance " + guidance));
    return settings;
  }

  /** How many rows go through the network in all. */
  public long networkCalls(Set<Part> parts) {
    return parts.stream().mapToLong(part -> experiment(part, bench).networkCalls()).sum();
  }

  /**
   * Runs parts, and writes the report of these and of all that were run before.
   *
   * @param progress hears of every graph call
   * @return the report's file
   * @throws IOException if a file cannot be read or written
   */
  public Path run(Set<Part> parts, EvaluationProgress progress) throws IOException {
    Bench watched = bench.with(progress);
    Path sections = Files.createDirectories(bench.out().resolve("sections"));
    for (Part part : Part.values()) {
      if (parts.contains(part)) {
        Files.writeString(
            sections.resolve(part.wireName() + ".md"), experiment(part, watched).run());
        write(sections);
      }
    }
    return bench.out().resolve(REPORT);
  }

  private String samples() {
    String labels = bench.labels();
    return labels.isEmpty() ? "" : " Samples are%s.".formatted(labels.substring(1));
  }

  private void write(Path sections) throws IOException {
    ModelSpec spec = bench.model().spec();
    StringBuilder text =
        new StringBuilder(
            """
            # Evaluation

            The model of %s after %,d steps, weights %s…%s

            """
                .formatted(
                    spec.dataset(),
                    spec.trainingStep(),
                    spec.weightsDigest().substring(0, 12),
                    samples()));
    for (Part part : Part.values()) {
      Path section = sections.resolve(part.wireName() + ".md");
      if (Files.exists(section)) {
        text.append(Files.readString(section));
      }
    }
    Files.writeString(bench.out().resolve(REPORT), text.toString().stripTrailing() + "\n");
  }
}
