package ddim.cli.operations;

import ddim.cli.images.WrongCallException;
import ddim.serve.SamplingClient.Query;
import ddim.serve.SamplingClient.Wanted;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say which classes images are of. */
final class LabelOptions {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "N|NAME",
      description =
          "For models with classes: what the images show, by number or name, -1 for anything.")
  private List<String> labels = List.of();

  @Option(
      names = "--guidance",
      split = ",",
      paramLabel = "G",
      description =
          "How strongly classes are followed: 0 not at all, 1 (the default) as learned, more goes"
              + " beyond and takes twice the time.")
  private List<Double> guidance = List.of();

  /** One class, or none, and how strongly it is followed. */
  record Choice(@Nullable String label, @Nullable Double guidance) {
    /** What comes before the rest of a title. */
    String title() {
      return (label == null ? "" : label + ", ")
          + (guidance == null ? "" : "guidance " + guidance + ", ");
    }

    /**
     * A query for this class.
     *
     * @param names of the model's classes, by label
     * @throws WrongCallException if none has this name
     */
    Query asked(Query query, List<String> names) {
      OptionalDouble strength =
          guidance == null ? OptionalDouble.empty() : OptionalDouble.of(guidance);
      return label == null
          ? query
          : query.with(new Wanted(List.of(number(label, names)), strength));
    }

    private static int number(String text, List<String> names) {
      if (text.matches("-?[0-9]{1,9}")) {
        return Integer.parseInt(text);
      }
      for (int label = 0; label < names.size(); label++) {
        if (names.get(label).equalsIgnoreCase(text)) {
          return label;
        }
      }
      throw new WrongCallException(
          "no class '%s'; the model has %s"
              .formatted(text, names.isEmpty() ? "no names of classes" : names));
    }
  }

  boolean areGiven() {
    return !labels.isEmpty();
  }

  /**
   * Every class with every guidance; one choice without a class if none is given.
   *
   * @throws ParameterException if there is a guidance and no class
   */
  List<Choice> choices() {
    if (labels.isEmpty() && !guidance.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--guidance': is for --labels, which are absent");
    }
    List<Choice> choices = new ArrayList<>();
    for (String label : labels) {
      if (guidance.isEmpty()) {
        choices.add(new Choice(label, null));
      }
      guidance.forEach(strength -> choices.add(new Choice(label, strength)));
    }
    return choices.isEmpty() ? List.of(new Choice(null, null)) : choices;
  }
}
