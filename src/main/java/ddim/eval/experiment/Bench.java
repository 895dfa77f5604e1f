package ddim.eval.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import ddim.data.ImageSource;
import ddim.diffusion.NoiseSchedule;
import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.eval.ImageBatches;
import ddim.eval.ImageGrid;
import ddim.eval.features.Features;
import ddim.model.Condition;
import ddim.model.SamplingModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the experiments of one model share.
 *
 * @param model what is measured
 * @param features what images are compared by
 * @param train the images that it was trained on
 * @param test others of the same kind
 * @param store what has been measured already
 * @param out where tables and pictures go
 * @param progress hears of every graph call
 */
record Bench(
    SamplingModel model,
    Features features,
    ImageSource train,
    ImageSource test,
    EvaluationOptions options,
    ResultStore store,
    Path out,
    EvaluationProgress progress) {
  private static final String WITHOUT_LABELS = ", without labels";

  Bench with(EvaluationProgress newProgress) {
    return new Bench(model, features, train, test, options, store, out, newProgress);
  }

  NoiseSchedule schedule() {
    return NoiseSchedule.of(model.spec().schedule());
  }

  ImageBatches batches() {
    return batches(options.batchSize());
  }

  /** With another number of rows. */
  ImageBatches batches(int batchSize) {
    return new ImageBatches(model, batchSize, conditions());
  }

  private List<Condition> conditions() {
    if (options.guidance().isEmpty()) {
      return List.of(Condition.NONE);
    }
    float guidance = (float) options.guidance().getAsDouble();
    return IntStream.range(0, classes()).mapToObj(i -> new Condition(i, guidance)).toList();
  }

  private int classes() {
    return model.spec().unet().classes();
  }

  /** Which classes images are of, after other words; nothing for models without classes. */
  String labels() {
    if (classes() == 0) {
      return "";
    }
    return options.guidance().isEmpty()
        ? WITHOUT_LABELS
        : ", of the %d classes in turn, guidance %s"
            .formatted(classes(), options.guidance().getAsDouble());
  }

  /** As the other, of what is made without labels in any case. */
  String noLabels() {
    return classes() == 0 ? "" : WITHOUT_LABELS;
  }

  StepTable table(Sampler sampler) {
    return sampler.table(schedule(), model.spec().prediction());
  }

  /** Images of consecutive seeds, as bytes. */
  List<byte[]> sample(Sampler sampler, int count, String task) {
    return batches()
        .sample(table(sampler), options.seed(), 0, count, calls -> progress.worked(calls, task))
        .stream()
        .map(ImageGrid::pixels)
        .toList();
  }

  /** A cell; if it is there already, its network calls count as done. */
  JsonNode cell(String name, long calls, ResultStore.Measurement measurement) throws IOException {
    if (store.has(name)) {
      progress.worked(calls, name);
    }
    return store.cell(name, measurement);
  }

  List<byte[]> testImages(int count) {
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < Math.min(count, test.size()); i++) {
      byte[] image = new byte[test.imageSize()];
      test.read(i, image, 0);
      images.add(image);
    }
    return images;
  }

  ImageGrid grid(List<byte[]> images) {
    return ImageGrid.ofPixels(images, test.height(), test.width(), test.channels());
  }
}
