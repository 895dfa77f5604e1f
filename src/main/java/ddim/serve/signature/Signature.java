package ddim.serve.signature;

import static ddim.serve.signature.ElementType.FLOAT32;
import static ddim.serve.signature.ElementType.INT32;
import static ddim.serve.signature.ElementType.INT64;
import static ddim.serve.signature.ElementType.UINT8;
import static ddim.serve.signature.TensorSpec.ANY;

import ddim.diffusion.StepTable;
import ddim.diffusion.StepTable.Column;
import ddim.model.ModelSpec;
import ddim.nn.UNetConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A signature of every model that this project exports.
 *
 * @param inputs in the order in which the exporter has them
 * @param mostColumns the most steps that a request may have in a free second dimension
 */
public record Signature(
    String name, List<TensorSpec> inputs, List<TensorSpec> outputs, int mostColumns) {
  /** Images from seeds. */
  public static final String SERVING_DEFAULT = "serving_default";

  static final String LABELS = "labels";
  static final String GUIDANCE = "guidance";

  static final String SAMPLE = "sample";
  static final String TRAJECTORY = "trajectory";
  static final String LATENT = "latent";
  static final String PREDICT_NOISE = "predict_noise";

  public Signature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** All signatures of a model. */
  public static List<Signature> of(ModelSpec model) {
    UNetConfig unet = model.unet();
    long[] image = {unet.height(), unet.width(), unet.imageChannels()};
    long[] kept = {StepTable.HISTORY, image[0], image[1], image[2]};
    int trainSteps = model.schedule().trainSteps();
    boolean labelled = unet.classes() > 0;
    return List.of(
        new Builder(SERVING_DEFAULT)
            .input("seed", INT64)
            .input("steps", INT32)
            .input("eta", FLOAT32)
            .condition(labelled)
            .output("images", UINT8, image)
            .output("x0", FLOAT32, image)
            .build(trainSteps),
        new Builder(SAMPLE)
            .input("x_T", FLOAT32, image)
            .input("steps", INT32)
            .condition(labelled)
            .output("images", UINT8, image)
            .output("x0", FLOAT32, image)
            .build(trainSteps),
        new Builder(TRAJECTORY)
            .input("x", FLOAT32, image)
            .input("seed", INT64)
            .input("timestep", INT32, ANY)
            .input("table", FLOAT32, ANY, Column.values().length)
            .input("clip", FLOAT32, 2)
            .input("history", FLOAT32, kept)
            .condition(labelled)
            .output("x", FLOAT32, image)
            .output("x0", FLOAT32, image)
            .output("history", FLOAT32, kept)
            .build(trainSteps),
        new Builder(LATENT).input("seed", INT64).output("x_T", FLOAT32, image).build(trainSteps),
        new Builder(PREDICT_NOISE)
            .input("x", FLOAT32, image)
            .input("t", INT32)
            .label(labelled)
            .output("eps", FLOAT32, image)
            .build(trainSteps));
  }

  /** The signature of that name. */
  public static Optional<Signature> find(ModelSpec model, String name) {
    return of(model).stream().filter(signature -> signature.name.equals(name)).findFirst();
  }

  /** Whether its rows become images: those of others are not worth a look on their way. */
  public boolean givesImages() {
    return name.equals(SERVING_DEFAULT) || name.equals(SAMPLE);
  }

  /** The bytes that a row of a reply has. */
  public long replyBytesPerRow() {
    return outputs.stream().mapToLong(TensorSpec::rowBytes).sum();
  }

  private static final class Builder {
    private final String name;
    private final List<TensorSpec> inputs = new ArrayList<>();
    private final List<TensorSpec> outputs = new ArrayList<>();

    Builder(String name) {
      this.name = name;
    }

    Builder input(String input, ElementType type, long... row) {
      inputs.add(spec(input, input, type, row));
      return this;
    }

    /** What the images show, where the model has classes. */
    Builder condition(boolean labelled) {
      return labelled ? label(true).input(GUIDANCE, FLOAT32) : this;
    }

    Builder label(boolean labelled) {
      return labelled ? input(LABELS, INT32) : this;
    }

    Builder output(String output, ElementType type, long... row) {
      outputs.add(spec(output, "out_" + output, type, row));
      return this;
    }

    private TensorSpec spec(String tensor, String node, ElementType type, long... row) {
      List<Long> shape = new ArrayList<>(List.of(ANY));
      for (long size : row) {
        shape.add(size);
      }
      return new TensorSpec(tensor, name + "/" + node + ":0", type, shape);
    }

    Signature build(int mostColumns) {
      return new Signature(name, inputs, outputs, mostColumns);
    }
  }
}
