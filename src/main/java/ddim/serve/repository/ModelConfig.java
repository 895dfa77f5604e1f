package ddim.serve.repository;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * How one model of the repository is served.
 *
 * @param name the model's folder; letters, digits, {@code . _ -}, beginning with a letter or digit
 * @param versions which of its versions
 * @param labels the version that each label stands for; a label answers while that version is
 *     available
 */
public record ModelConfig(String name, VersionPolicy versions, Map<String, Long> labels) {
  /** No name leads out of the repository, hides, or needs quoting anywhere. */
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  /**
   * @throws IllegalArgumentException if the name cannot be that of a model, or a label is of a
   *     version that the policy leaves out
   */
  public ModelConfig {
    labels = Map.copyOf(labels);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "model name must be letters, digits, '.', '_' and '-', at most 128, is '" + name + "'");
    }
    for (Map.Entry<String, Long> label : labels.entrySet()) {
      if (label.getKey().isBlank()) {
        throw new IllegalArgumentException("label of model '" + name + "' must not be empty");
      }
      if (versions instanceof VersionPolicy.Specific some
          && !some.versions().contains(label.getValue())) {
        throw new IllegalArgumentException(
            "label '%s' of model '%s' must be one of its versions %s, is %d"
                .formatted(label.getKey(), name, some.versions(), label.getValue()));
      }
    }
  }

  /** The newest version, without labels. */
  public static ModelConfig of(String name) {
    return new ModelConfig(name, VersionPolicy.NEWEST, Map.of());
  }
}
