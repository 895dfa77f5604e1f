package ddim.model.foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.model.ModelFormatException;
import ddim.model.ModelWeights;
import ddim.model.SafeTensors;
import ddim.model.SafeTensorsWriter;
import ddim.model.WeightFile;
import ddim.model.WholeFolder;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A folder of diffusers: that of a {@code UNet2DModel}, or of a pipeline with one, {@code unet/}
 * and {@code scheduler/}.
 */
public final class DiffusersFolder {
  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
  private static final String SHARDS = WEIGHTS + ".index.json";
  private static final String HALF_WEIGHTS = "diffusion_pytorch_model.fp16.safetensors";
  private static final String SCHEDULER = "scheduler_config.json";
  private static final String FIRST_DENSE = "temb.dense.0.weight";

  private DiffusersFolder() {}

  /**
   * Reads a folder.
   *
   * @param dataset the name of the training images, which the folder does not say
   * @param license of the weights, which it does not say either
   * @throws ModelFormatException naming every key and every tensor that does not fit
   * @throws IOException if a file cannot be read
   */
  public static ModelWeights read(Path folder, String dataset, String license) throws IOException {
    Path model = Files.isDirectory(folder.resolve("unet")) ? folder.resolve("unet") : folder;
    Path config = require(model.resolve(CONFIG));
    DiffusersUNet network = DiffusersUNet.of(JsonKeys.read(config), config);
    DiffusersScheduler scheduler = scheduler(folder);
    Path file = weights(model);
    UNetConfig unet = network.unet();
    Map<String, float[]> values;
    try (WeightFile tensors = new RenamedWeights(open(file), ForeignNames::presentDiffusers)) {
      values =
          new ForeignWeights(
                  file.toString(), name -> ForeignNames.diffusers(name, unet.levels()), true)
              .read(tensors, unet);
    }
    if (network.cosineFirst()) {
      values.computeIfPresent(
          FIRST_DENSE, (name, weight) -> halvesSwapped(weight, unet.channels()));
    }
    return new ModelWeights(
        unet, scheduler.schedule(), scheduler.prediction(), dataset, license, 0, values);
  }

  private static DiffusersScheduler scheduler(Path folder) throws IOException {
    for (Path file :
        new Path[] {folder.resolve("scheduler").resolve(SCHEDULER), folder.resolve(SCHEDULER)}) {
      if (Files.exists(file)) {
        return DiffusersScheduler.of(JsonKeys.read(file), file);
      }
    }
    return DiffusersScheduler.DDPM;
  }

  /** The file of the weights, or the one that names several; else the first, which is missing. */
  private static Path weights(Path model) {
    for (String name : List.of(WEIGHTS, SHARDS, HALF_WEIGHTS)) {
      if (Files.isRegularFile(model.resolve(name))) {
        return model.resolve(name);
      }
    }
    return require(model.resolve(WEIGHTS));
  }

  private static WeightFile open(Path file) throws IOException {
    return file.endsWith(SHARDS) ? ShardedWeights.open(file) : SafeTensors.open(file);
  }

  private static Path require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ModelFormatException(file + ": missing");
    }
    return file;
  }

  /** The rows of a matrix [channels, ...] for [sin, cos] from those for [cos, sin]. */
  private static float[] halvesSwapped(float[] weight, int channels) {
    int half = channels / 2 * (weight.length / channels);
    float[] swapped = weight.clone();
    System.arraycopy(weight, 0, swapped, half, half);
    System.arraycopy(weight, half, swapped, 0, half);
    return swapped;
  }

  /**
   * Writes a folder that {@code DDIMPipeline.from_pretrained} reads, whole or not at all.
   *
   * @param folder must not exist
   * @throws IllegalArgumentException if it does
   * @throws ModelFormatException if diffusers has no such noise schedule, or the network has
   *     classes
   * @throws IOException if it cannot be written
   */
  public static void write(Path folder, ModelWeights weights) throws IOException {
    if (weights.unet().classes() > 0) {
      throw new ModelFormatException(
          "the network has %d classes; the pipeline that diffusers reads has none"
              .formatted(weights.unet().classes()));
    }
    ObjectNode scheduler = new DiffusersScheduler(weights.schedule(), weights.prediction()).json();
    ObjectNode index = new ObjectMapper().createObjectNode();
    index.put("_class_name", "DDIMPipeline");
    index.putArray("scheduler").add("diffusers").add("DDIMScheduler");
    index.putArray("unet").add("diffusers").add("UNet2DModel");
    WholeFolder.make(
        folder,
        empty -> {
          Path model = Files.createDirectories(empty.resolve("unet"));
          writeJson(model.resolve(CONFIG), DiffusersUNet.json(weights.unet()));
          Path noise = Files.createDirectories(empty.resolve("scheduler"));
          writeJson(noise.resolve(SCHEDULER), scheduler);
          SafeTensorsWriter.write(model.resolve(WEIGHTS), Map.of("format", "pt"), tensors(weights));
          writeJson(empty.resolve("model_index.json"), index);
        });
  }

  private static Map<String, SafeTensorsWriter.Tensor> tensors(ModelWeights weights) {
    Map<String, SafeTensorsWriter.Tensor> tensors = new LinkedHashMap<>();
    int levels = weights.unet().levels();
    for (ParamSpec spec : ParamSpec.of(weights.unet())) {
      float[] values = weights.values().get(spec.name());
      if (values == null) {
        throw new IllegalStateException(spec.name() + " is missing");
      }
      tensors.put(
          ForeignNames.diffusers(spec.name(), levels),
          new SafeTensorsWriter.Tensor(
              TorchLayout.of(spec.shape()), TorchLayout.toTorch(values, spec.shape())));
    }
    return tensors;
  }

  private static void writeJson(Path file, ObjectNode json) throws IOException {
    Files.writeString(file, json.toPrettyString() + "\n");
  }
}
