package ddim.cli;

import ddim.cli.images.LocalModel;
import ddim.eval.experiment.EvaluationFolder;
import ddim.eval.experiment.LossCurve;
import ddim.model.ModelCard;
import ddim.model.ModelDescription;
import ddim.model.ModelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddim card}. */
@Command(
    name = "card",
    description = {
      "Writes the MODEL_CARD.md of an exported model anew, with its evaluation, its loss curve and",
      "notes. The model itself stays as it is."
    })
final class CardCommand implements Callable<Integer> {
  /** Where runtimes leave alone what they do not know. */
  private static final String PICTURES = "assets.extra/card/";

  @Spec private CommandSpec spec;

  @Mixin private final LocalModel model = new LocalModel();

  @Option(
      names = "--evaluation",
      paramLabel = "DIR",
      description = "What evaluate left for this very model.")
  private @Nullable Path evaluation;

  @Option(
      names = "--run",
      paramLabel = "RUN",
      description = "The run that it was exported from, for its loss curve.")
  private @Nullable Path run;

  @Option(
      names = "--notes",
      paramLabel = "FILE.md",
      description = "What else to say: the command that trained it, limits that were seen.")
  private @Nullable Path notes;

  @Override
  public Integer call() throws IOException {
    Path folder = model.find().path();
    Map<String, byte[]> files = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    if (notes != null) {
      text.append(Files.readString(notes).strip()).append("\n\n");
    }
    if (run != null) {
      files.put(PICTURES + "loss.png", loss(run));
      text.append("## Training loss\n\n![loss over steps](")
          .append(PICTURES)
          .append("loss.png)\n\n");
    }
    if (evaluation != null) {
      EvaluationFolder results = new EvaluationFolder(evaluation);
      ModelSpec spec = ModelDescription.of(folder).spec();
      if (spec == null) {
        throw new IllegalArgumentException(folder + " has no assets.extra/ddim.json");
      }
      String digest = spec.weightsDigest();
      text.append(results.report(PICTURES, digest));
      results.pictures().forEach((name, content) -> files.put(PICTURES + name, content));
    }
    ModelCard.write(folder, text.toString().stripTrailing() + "\n", files);
    spec.commandLine().getOut().println(folder.resolve("MODEL_CARD.md"));
    return 0;
  }

  private static byte[] loss(Path run) throws IOException {
    Path picture = Files.createTempFile("ddim-loss", ".png");
    try {
      LossCurve.draw(run.resolve("metrics.csv"), picture);
      return Files.readAllBytes(picture);
    } finally {
      Files.deleteIfExists(picture);
    }
  }
}
