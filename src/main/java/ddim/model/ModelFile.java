package ddim.model;

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

/**
 * {@code assets.extra/ddim.json}: what the SavedModel beside it is.
 *
 * @param format of this file
 * @param model the model
 * @param tableColumns the order of the columns of the {@code table} input
 * @param graphDigest SHA-256 of {@code saved_model.pb}, in hexadecimal
 */
record ModelFile(int format, ModelSpec model, List<String> tableColumns, String graphDigest) {
  static final String NAME = "assets.extra/ddim.json";
  private static final int FORMAT = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  static ModelFile of(ModelSpec model, String graphDigest) {
    return new ModelFile(FORMAT, model, columns(), graphDigest);
  }

  /**
   * @throws ModelFormatException if the text is not such a file; {@code source} names it
   */
  static ModelFile parse(byte[] text, String source) {
    ModelFile file;
    try {
      JsonNode node = JSON.readTree(text);
      fillNewer(node.path("model"));
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

  /** What files mean that were written before models had classes. */
  private static void fillNewer(JsonNode model) {
    if (model instanceof ObjectNode spec && !spec.has("class_names")) {
      spec.putArray("class_names");
    }
    if (model.path("unet") instanceof ObjectNode unet && !unet.has("classes")) {
      unet.put("classes", 0);
    }
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
