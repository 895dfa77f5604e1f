package ddim.cli.operations;

import ddim.cli.images.WrongCallException;
import ddim.model.Condition;
import ddim.model.ModelSpec;
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

  boolean areGiven() {
    return !labels.isEmpty();
  }

  /**
   * Every class with every guidance; one choice without a class if none is given.
   *
   * @throws ParameterException if there is a guidance and no class
   */
  List<Choice> choices() {
    requireLabels();
    List<Choice> choices = new ArrayList<>();
    for (String label : labels) {
      if (guidance.isEmpty()) {
        choices.add(new Choice(label, null));
      }
      guidance.forEach(strength -> choices.add(new Choice(label, strength)));
    }
    return choices.isEmpty() ? List.of(new Choice(null, null)) : choices;
  }

  /**
   * The classes with one guidance, for images that take them in turn; anything if none is given.
   *
   * @throws ParameterException if there is a guidance and no class, or several
   * @throws WrongCallException if the model has no such class
   */
  List<Condition> turns(ModelSpec model) {
    requireLabels();
    if (guidance.size() > 1) {
      throw wrong("'--guidance': must be one number, is " + guidance);
    }
    double strength = guidance.isEmpty() ? 1 : guidance.get(0);
    try {
      Condition.requireGuidance(strength);
    } catch (IllegalArgumentException e) {
      throw wrong("'--guidance': " + e.getMessage());
    }
    List<Condition> turns = new ArrayList<>();
    for (String label : labels) {
      Condition condition = new Condition(number(label, model.classNames()), (float) strength);
      try {
        condition.requireFits(model.unet());
      } catch (IllegalArgumentException e) {
        throw wrong("'--labels': " + e.getMessage());
      }
      turns.add(condition);
    }
    return turns.isEmpty() ? List.of(Condition.NONE) : turns;
  }

  private void requireLabels() {
    if (labels.isEmpty() && !guidance.isEmpty()) {
      throw wrong("'--guidance': is for --labels, which are absent");
    }
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), "Invalid value for option " + why);
  }
}
