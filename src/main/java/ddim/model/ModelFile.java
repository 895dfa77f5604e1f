package ddim.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.diffusion.StepTable.Column;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code assets.extra/ddim.json}: what the SavedModel beside it is.
 *
 * @param format of this file
 * @param model the model
 * @param tableColumns the order of the columns of the {@code table} input
 * @param storage how the graph keeps the weights; a file without it has them in float32
 * @param graphDigest SHA-256 of {@code saved_model.pb}, in hexadecimal
 */
record ModelFile(
    int format,
    ModelSpec model,
    List<String> tableColumns,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable WeightStorage storage,
    String graphDigest) {
  static final String NAME = "assets.extra/ddim.json";
  private static final int FORMAT = 1;
  private static final String STORAGE = "storage";
  private static final List<String> UNET_ZERO_BY_DEFAULT = List.of("classes", "downsample_padding");

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  static ModelFile of(ModelSpec model, WeightStorage storage, String graphDigest) {
    boolean exact = storage.equals(WeightStorage.EXACT);
    return new ModelFile(FORMAT, model, columns(), exact ? null : storage, graphDigest);
  }

  /**
   * @throws ModelFormatException if the text is not such a file; {@code source} names it
   */
  static ModelFile parse(byte[] text, String source) {
    ModelFile file;
    try {
      JsonNode node = JSON.readTree(text);
      fillNewer(node);
      file = JSON.treeToValue(node, ModelFile.class);
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new ModelFormatException(source + ": not a description of a model: " + why, e);
    }
    if (file == null || file.format() != FORMAT) {
      throw new ModelFormatException(
          source
              + ": format must be "
              + FORMAT
              + ", is "
              + (file == null ? "null" : file.format()));
    }
    if (!file.tableColumns().equals(columns())) {
      throw new ModelFormatException(
          source + ": table_columns are " + file.tableColumns() + ", should be " + columns());
    }
    return file;
  }

  /** What files mean that were written before an entry was there. */
  private static void fillNewer(JsonNode root) {
    if (root instanceof ObjectNode file && !file.has(STORAGE)) {
      file.putNull(STORAGE);
    }
    if (root.path("model") instanceof ObjectNode spec && !spec.has("class_names")) {
      spec.putArray("class_names");
    }
    if (root.path("model").path("unet") instanceof ObjectNode unet) {
      for (String key : UNET_ZERO_BY_DEFAULT) {
        if (!unet.has(key)) {
          unet.put(key, 0);
        }
      }
    }
  }

  /** How the graph keeps the weights. */
  WeightStorage stored() {
    return storage == null ? WeightStorage.EXACT : storage;
  }

  byte[] toJson() {
    try {
      return SavedModelWriter.utf8(JSON.writeValueAsString(this) + "\n");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> columns() {
    return Arrays.stream(Column.values()).map(Column::wireName).toList();
  }
}
