package ddim.cli;

import ddim.cli.images.ModelFolder;
import ddim.diffusion.ScheduleConfig;
import ddim.model.ModelDescription;
import ddim.model.ModelSpec;
import ddim.model.WeightStorage;
import ddim.model.WeightType;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddim inspect}. */
@Command(
    name = "inspect",
    description = "Says what a model is: network, noise, training, parameters and signatures.")
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL_DIR",
      description = "A version's folder, DIR/NAME/VERSION, or DIR/NAME for its newest version.")
  private Path model;

  @Override
  public Integer call() throws IOException {
    Path folder = version();
    ModelDescription description = ModelDescription.of(folder);
    PrintWriter out = spec.commandLine().getOut();
    out.println(folder);
    if (description.spec() == null) {
      describeForeign(description, out);
    } else {
      describe(description, description.spec(), out);
    }
    line(
        out,
        "graph",
        "%,d bytes, %,d operations, TensorFlow %s",
        description.graphBytes(),
        description.nodes(),
        description.tensorFlowVersion().isEmpty() ? "not said" : description.tensorFlowVersion());
    out.println("signatures");
    for (ModelDescription.SignatureInfo signature : description.signatures()) {
      out.println("  " + signature.name());
      signature.inputs().forEach(tensor -> print("in", tensor, out));
      signature.outputs().forEach(tensor -> print("out", tensor, out));
    }
    return 0;
  }

  /** A folder that is neither is taken for a version, so that the error says what it lacks. */
  private Path version() throws IOException {
    boolean isVersion = Files.exists(model.resolve("saved_model.pb"));
    return isVersion || !ModelFolder.holdsVersions(model)
        ? model
        : ModelFolder.newest(model).path();
  }

  private static void describe(ModelDescription description, ModelSpec spec, PrintWriter out) {
    UNetConfig unet = spec.unet();
    ScheduleConfig noise = spec.schedule();
    line(out, "images", "%dx%dx%d", unet.height(), unet.width(), unet.imageChannels());
    line(
        out,
        "network",
        "U-Net, %d channels times %s, %d residual blocks a level, attention at %s%s",
        unet.channels(),
        unet.channelMultipliers(),
        unet.resBlocks(),
        unet.attentionAt(),
        unet.downsamplePadding() == 0 ? "" : ", halved with zeros above and left");
    if (unet.classes() > 0) {
      line(out, "classes", "%d %s", unet.classes(), spec.classNames());
    }
    line(out, "parameters", "%,d", spec.parameters());
    line(
        out,
        "noise",
        "%s, %d levels, beta %s to %s%s",
        lower(noise.kind()),
        noise.trainSteps(),
        noise.betaStart(),
        noise.betaEnd(),
        noise.zeroTerminalSnr() ? ", zero terminal SNR" : "");
    line(out, "predicts", "%s", lower(spec.prediction()));
    line(out, "trained", "%,d steps on %s", spec.trainingStep(), spec.dataset());
    line(out, "licence", "%s", spec.license());
    line(out, "weights", "SHA-256 %s", spec.weightsDigest());
    WeightStorage storage = description.storage();
    if (storage != null && storage.type() != WeightType.FLOAT32) {
      line(
          out,
          "kept as",
          "%s: noise differs by up to %s of its largest number, a pixel in [-1, 1] by %s on average",
          lower(storage.type()),
          storage.epsDifference(),
          storage.imageDifference());
    }
  }

  /** A SavedModel that says of itself no more than what TensorFlow needs to call it. */
  private static void describeForeign(ModelDescription description, PrintWriter out) {
    line(out, "made by", "another program: there is no assets.extra/ddim.json");
    line(out, "cannot", "be served, sampled, profiled or imported here: its image size, its noise");
    line(out, "", "levels and what it predicts are not known");
    line(out, "tags", "%s", String.join(", ", description.tags()));
    if (description.variableBytes() > 0) {
      line(out, "variables", "%,d bytes", description.variableBytes());
    }
  }

  private static void line(PrintWriter out, String name, String text, Object... values) {
    out.printf("  %-12s%s%n", name, text.formatted(values));
  }

  private static void print(String direction, ModelDescription.TensorLine tensor, PrintWriter out) {
    out.printf("    %-4s%-10s%-9s%s%n", direction, tensor.name(), tensor.type(), tensor.shape());
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
