package ddim.serve.rpc;

import ddim.model.Condition;
import ddim.v1.SampleRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What the images of a request should show. */
final class Conditions {
  private static final double MOST_GUIDANCE = 100;
  private static final int SHOWN = 8;
  private static final String LABELS = "class_labels";

  private Conditions() {}

  /**
   * Notes what is wrong with labels and guidance.
   *
   * @param images how many there will be
   * @param classes of the model; -1 if there is none
   */
  static void check(SampleRequest request, long images, int classes, Problems problems) {
    int labels = request.getClassLabelsCount();
    if (labels > 0 && classes == 0) {
      problems.add(
          LABELS,
          "class_labels must be absent, the model has no classes, are "
              + (labels > SHOWN ? labels + " labels" : request.getClassLabelsList()));
      return;
    }
    if (labels <= 1 || labels == images) {
      checkLabels(request, classes, problems);
    } else {
      problems.add(
          LABELS,
          "class_labels must be one, or one an image, are "
              + labels
              + " for "
              + images
              + " images");
    }
    if (request.hasGuidance()) {
      double guidance = request.getGuidance();
      problems.rule(
          labels > 0, "guidance", "guidance must be absent without class_labels, is " + guidance);
      problems.rule(
          guidance >= 0 && guidance <= MOST_GUIDANCE,
          "guidance",
          "guidance must be from 0 to 100, is " + guidance);
    }
  }

  private static void checkLabels(SampleRequest request, int classes, Problems problems) {
    for (int i = 0; i < request.getClassLabelsCount() && classes > 0 && !problems.isFull(); i++) {
      int label = request.getClassLabels(i);
      if (label < Condition.NO_LABEL || label >= classes) {
        problems.add(
            LABELS + "[" + i + "]",
            "class_labels[%d] must be from -1 to %d, is %d".formatted(i, classes - 1, label));
      }
    }
  }

  /** One an image, of an accepted request. */
  static List<Condition> of(SampleRequest request, int images) {
    if (request.getClassLabelsCount() == 0) {
      return Collections.nCopies(images, Condition.NONE);
    }
    float guidance = request.hasGuidance() ? (float) request.getGuidance() : 1;
    List<Condition> conditions = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      int given = request.getClassLabelsCount() == 1 ? 0 : i;
      conditions.add(new Condition(request.getClassLabels(given), guidance));
    }
    return conditions;
  }
}
