package ddim.serve.signature;

import ddim.model.Condition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** What the rows of a request are to show. */
final class RowConditions {
  private static final float MOST_GUIDANCE = 100;

  private RowConditions() {}

  /**
   * One a row.
   *
   * @param classes how many the model has
   * @throws ddim.serve.error.InvalidRequestException if a label or a guidance is out of range
   */
  static List<Condition> of(Map<String, Tensor> inputs, int classes) {
    int rows = inputs.values().iterator().next().rows();
    Tensor labels = inputs.get(Signature.LABELS);
    if (labels == null) {
      return Collections.nCopies(rows, Condition.NONE);
    }
    Tensor given = inputs.get(Signature.GUIDANCE);
    int[] label = labels.ints();
    float[] guidance = given == null ? new float[0] : given.floats();
    RowProblems problems = new RowProblems();
    List<Condition> conditions = new ArrayList<>();
    for (int i = 0; i < rows && !problems.isFull(); i++) {
      float strength = i < guidance.length ? guidance[i] : 1;
      problems.rule(
          label[i] >= Condition.NO_LABEL && label[i] < classes,
          i,
          Signature.LABELS,
          "labels must be from -1 to " + (classes - 1) + ", is " + label[i]);
      problems.rule(
          strength >= 0 && strength <= MOST_GUIDANCE,
          i,
          Signature.GUIDANCE,
          "guidance must be from 0 to 100, is " + strength);
      conditions.add(new Condition(label[i], strength));
    }
    problems.refuse();
    return conditions;
  }
}
