package ddim.eval.features;

import ddim.model.ModelFormatException;
import ddim.model.SavedModelWriter;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/**
 * Features from a SavedModel with one input of images [B, H, W, C], uint8 or float32 in [-1, 1],
 * and an output {@code features}, or only one, [B, D].
 *
 * <p>Images of another size are resized bilinearly, grey ones repeated for networks that want
 * colour. A distance in 2048 features is called FID: that many has the layer of the Inception
 * network that FID is defined by; whether the weights are the right ones is for the caller to know,
 * so their digest is part of the description.
 */
public final class FeatureModel implements Features {
  /** The folder of the shipped classifier of Fashion-MNIST, as a resource. */
  private static final String SHIPPED = "fashion-mnist/";

  private static final String TAG = "serve";
  private static final String SIGNATURE = "serving_default";
  private static final String OUTPUT = "features";
  private static final int INCEPTION_FEATURES = 2048;
  private static final int BATCH = 128;
  private static final int DIGEST_SHOWN = 12;

  private final String distanceName;
  private final String description;
  private final int dimension;
  private final SavedModelBundle bundle;
  private final String input;
  private final String output;
  private final ImageInput images;

  private FeatureModel(
      SavedModelBundle bundle, String name, String digest, @Nullable FeatureFile file) {
    this.bundle = bundle;
    SignatureDef signature = signature(bundle);
    TensorInfo in = single("input", signature.getInputsMap(), "images");
    TensorInfo out = single("output", signature.getOutputsMap(), OUTPUT);
    this.input = in.getName();
    this.output = out.getName();
    this.images = ImageInput.of(in);
    long size =
        out.getTensorShape().getDimCount() < 2 ? -1 : out.getTensorShape().getDim(1).getSize();
    if (size < 1 || out.getDtype() != DataType.DT_FLOAT) {
      throw new ModelFormatException(
          name + ": features must be float32 [B, D] with D known, are " + out.getDtype());
    }
    this.dimension = (int) size;
    if (file == null) {
      boolean inception = dimension == INCEPTION_FEATURES;
      this.distanceName =
          (inception ? "FID, features of " : "Fréchet distance, features of ") + name;
      this.description =
          "%d features of the SavedModel %s, whose graph has the SHA-256 %s…"
              .formatted(dimension, name, digest.substring(0, DIGEST_SHOWN));
    } else {
      this.distanceName = "Fréchet distance, features of the " + file.name();
      this.description =
          "%d features of the %s, test accuracy %.2f %% on %,d images, SHA-256 %s…; not FID"
              .formatted(
                  dimension,
                  file.name(),
                  100 * file.testAccuracy(),
                  file.testImages(),
                  digest.substring(0, DIGEST_SHOWN));
    }
  }

  /** Whether the classifier that ships was made for images of this shape. */
  public static boolean shippedFits(int height, int width, int channels) {
    return channels == 1 && height == width && height >= 28 && height <= 32;
  }

  /**
   * The classifier of Fashion-MNIST that ships.
   *
   * @throws UncheckedIOException if the program was built without it
   */
  public static FeatureModel shipped() {
    try {
      Path folder = Files.createTempDirectory("ddim-features");
      try {
        copy(folder, SavedModelWriter.GRAPH_FILE);
        copy(folder, FeatureFile.NAME);
        return load(folder);
      } finally {
        Files.deleteIfExists(folder.resolve(SavedModelWriter.GRAPH_FILE));
        Files.deleteIfExists(folder.resolve(FeatureFile.NAME));
        Files.deleteIfExists(folder.resolve(FeatureFile.NAME).getParent());
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private static void copy(Path folder, String name) throws IOException {
    try (InputStream in = FeatureModel.class.getResourceAsStream(SHIPPED + name)) {
      if (in == null) {
        throw new FileNotFoundException("resource " + SHIPPED + name + ": not in this build");
      }
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.copy(in, file);
    }
  }

  /**
   * Loads a SavedModel.
   *
   * @throws ModelFormatException if it is none, or its inputs and outputs are not as said above
   * @throws IOException if a file cannot be read
   */
  public static FeatureModel load(Path folder) throws IOException {
    Path graph = folder.resolve(SavedModelWriter.GRAPH_FILE);
    if (!Files.isRegularFile(graph)) {
      throw new ModelFormatException(graph + ": missing");
    }
    Path about = folder.resolve(FeatureFile.NAME);
    FeatureFile file = Files.exists(about) ? FeatureFile.parse(Files.readAllBytes(about)) : null;
    SavedModelBundle bundle;
    try {
      bundle = SavedModelBundle.loader(folder.toString()).withTags(TAG).load();
    } catch (TensorFlowException e) {
      throw new ModelFormatException(
          folder + ": TensorFlow cannot load the model: " + e.getMessage(), e);
    }
    try {
      Path last = folder.toAbsolutePath().normalize().getFileName();
      return new FeatureModel(
          bundle, String.valueOf(last), sha256(Files.readAllBytes(graph)), file);
    } catch (ModelFormatException e) {
      bundle.close();
      throw new ModelFormatException(folder + ": " + e.getMessage(), e);
    }
  }

  @Override
  public String distanceName() {
    return distanceName;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public float[][] of(List<byte[]> pictures, int height, int width, int channels) {
    float[][] features = new float[pictures.size()][dimension];
    try (ImageInput.Converter converter = images.from(height, width, channels)) {
      for (int from = 0; from < features.length; from += BATCH) {
        int to = Math.min(features.length, from + BATCH);
        try (Tensor tensor = converter.tensor(pictures.subList(from, to));
            Result result = bundle.session().runner().feed(input, tensor).fetch(output).run()) {
          var data = result.get(0).asRawTensor().data().asFloats();
          for (int i = from; i < to; i++) {
            data.slice((long) (i - from) * dimension, dimension).read(features[i]);
          }
        }
      }
    }
    return features;
  }

  @Override
  public void close() {
    bundle.close();
  }

  private static SignatureDef signature(SavedModelBundle bundle) {
    Map<String, SignatureDef> all = bundle.metaGraphDef().getSignatureDefMap();
    SignatureDef signature = all.get(SIGNATURE);
    if (signature == null) {
      throw new ModelFormatException("no signature " + SIGNATURE + "; there are " + all.keySet());
    }
    return signature;
  }

  private static TensorInfo single(String kind, Map<String, TensorInfo> all, String name) {
    TensorInfo named = all.get(name);
    if (named != null) {
      return named;
    }
    if (all.size() != 1) {
      throw new ModelFormatException(
          "expected one %s, or one called %s; there are %s".formatted(kind, name, all.keySet()));
    }
    return all.values().iterator().next();
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
